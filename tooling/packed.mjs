// The packages as they are published, installed as users install them: from tarballs, outside the workspace.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { environment, publishedPackages } from './setup.mjs'

/**
 * Packs the packages, which must be built already, into a folder; pnpm must be on the PATH, where `setup` puts it.
 * @returns for each package name, where its tarball is (`file:…`), and which files are in it.
 */
export function packAll(folder) {
  const packed = new Map()
  for (const [name, published] of publishedPackages()) {
    const printed = execFileSync('pnpm', ['pack', '--json', '--pack-destination', folder], {
      cwd: published.folder,
      env: environment,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const { filename, files } = JSON.parse(printed)
    packed.set(name, { spec: `file:${filename}`, files: files.map(({ path }) => path) })
  }
  return packed
}

/**
 * Installs the dependencies of a manifest into a folder.
 * @param packed from {@link packAll}: the packages depend on each other by version, and these versions are in no registry yet.
 * @param more arguments for npm.
 */
export function install(folder, manifest, packed, ...more) {
  const overrides = Object.fromEntries([...packed].map(([name, { spec }]) => [name, spec]))
  const ours = (dependencies = {}) =>
    Object.fromEntries(Object.entries(dependencies).map(([name, version]) => [name, overrides[name] ?? version]))
  const { dependencies, devDependencies, ...rest } = manifest
  const asked = { dependencies: ours(dependencies), devDependencies: ours(devDependencies) }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ ...rest, ...asked, overrides }))
  execFileSync('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund', ...more], {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
