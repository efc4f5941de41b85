// What the middleware does in any runtime that has sockets: the packages as npm would install them, from what would be published.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** It needs `node:net`. */
export const portable = false

/** Fills `folder` with what `npm pack` has packed, unpacked, with the dependencies beside it, and with the suite. */
export function prepare(folder) {
  const packages = fileURLToPath(new URL('../../packages', import.meta.url))
  for (const name of ['parser', 'core', 'middleware']) {
    const printed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], {
      cwd: join(packages, name),
      encoding: 'utf8',
    })
    const [{ filename }] = JSON.parse(printed)
    const to = join(folder, 'node_modules/@spillway', name)
    mkdirSync(to, { recursive: true })
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', to, '--strip-components=1'])
  }
  for (const name of ['cookie-es', 'jose'])
    cpSync(join(packages, 'middleware/node_modules', name), join(folder, 'node_modules', name), {
      recursive: true,
      dereference: true,
    })
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }\n')
  cpSync(fileURLToPath(new URL('./middleware-suite.mjs', import.meta.url)), `${folder}/suite.mjs`)
}
