// Projects outside the workspace, made from packages as npm would publish them.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { install, packAll } from '../packed.mjs'
import { environment, setup } from '../setup.mjs'

export class Projects {
  folder = mkdtempSync(join(tmpdir(), 'spillway-projects-'))
  environment = { ...environment, NO_COLOR: '1', npm_config_update_notifier: 'false' }
  #packed = new Map()

  run = (cwd, command, ...args) =>
    execFileSync(command, args, { cwd, env: this.environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  npm = (cwd, ...args) => this.run(cwd, 'npm', ...args)

  /** Packs the packages, which must be built already, and installs `create-spillway`. */
  prepare() {
    setup()
    // `setup` has put the pinned pnpm on the PATH.
    this.environment.PATH = environment.PATH
    this.#packed = packAll(this.folder)
    install(this.folder, { dependencies: { 'create-spillway': '*' } }, this.#packed)
  }

  /** Creates a project and installs its dependencies. @returns its folder. */
  create(name, ...options) {
    this.run(this.folder, process.execPath, 'node_modules/.bin/create-spillway', name, ...options, '--no-install')
    const project = join(this.folder, name)
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    install(project, manifest, this.#packed)
    return project
  }

  /**
   * Makes a folder with these files, and the dependencies in `package.json`, given as an object. Compiled dependencies are copied
   * from another project. @returns the folder.
   */
  make(name, { 'package.json': manifest, ...files }, compiled) {
    const folder = join(this.folder, name)
    for (const [path, text] of Object.entries({ ...files, 'package.json': JSON.stringify(manifest) })) {
      mkdirSync(dirname(join(folder, path)), { recursive: true })
      writeFileSync(join(folder, path), text)
    }
    this.npm(folder, 'install', '--prefer-offline', '--no-audit', '--no-fund', '--ignore-scripts')
    const sqlite = 'node_modules/better-sqlite3/build'
    cpSync(join(compiled, sqlite), join(folder, sqlite), { recursive: true })
    return folder
  }

  remove() {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
