// Projects outside of the workspace, from packages as npm would publish them.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { environment, root, setup } from '../setup.mjs'

const packages = {
  '@spillway/parser': 'packages/parser',
  '@spillway/core': 'packages/core',
  '@spillway/middleware': 'packages/middleware',
  '@spillway/serve': 'apps/serve',
  'create-spillway': 'packages/create',
}

export class Projects {
  folder = mkdtempSync(join(tmpdir(), 'spillway-projects-'))
  environment = { ...environment, NO_COLOR: '1', npm_config_update_notifier: 'false' }
  #tarballs = {}

  run = (cwd, command, ...args) =>
    execFileSync(command, args, { cwd, env: this.environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  npm = (cwd, ...args) => this.run(cwd, 'npm', ...args)

  /** Packs the packages, which have to be built, and installs `create-spillway`. */
  prepare() {
    setup()
    // `setup` has put the pinned pnpm on the PATH.
    this.environment.PATH = environment.PATH
    for (const [name, path] of Object.entries(packages)) {
      const packed = JSON.parse(this.run(join(root, path), 'pnpm', 'pack', '--json', '--pack-destination', this.folder))
      this.#tarballs[name] = `file:${packed.filename}`
    }
    const dependencies = { 'create-spillway': this.#tarballs['create-spillway'] }
    writeFileSync(join(this.folder, 'package.json'), JSON.stringify({ dependencies }))
    this.npm(this.folder, 'install', '--prefer-offline', '--no-audit', '--no-fund')
  }

  /** Makes a project, with what it asks for. @returns where it is. */
  create(name, ...options) {
    this.run(this.folder, process.execPath, 'node_modules/.bin/create-spillway', name, ...options, '--no-install')
    const project = join(this.folder, name)
    const manifest = JSON.parse(readFileSync(join(project, 'package.json'), 'utf8'))
    // These versions are in no registry yet.
    for (const part of ['dependencies', 'devDependencies'])
      for (const other of Object.keys(manifest[part]))
        manifest[part][other] = this.#tarballs[other] ?? manifest[part][other]
    writeFileSync(join(project, 'package.json'), JSON.stringify({ ...manifest, overrides: this.#tarballs }))
    this.npm(project, 'install', '--prefer-offline', '--no-audit', '--no-fund')
    return project
  }

  /**
   * A folder with these files, and what its `package.json`, which is an object, depends on. What is compiled there was compiled for
   * another project. @returns where it is.
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
