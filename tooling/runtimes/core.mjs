// How core behaves over real sockets, as something that runs in any runtime that has them, on the built packages.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** It needs `node:net`. */
export const portable = false

/** Fills `folder` with the packages as they are published, and the suite. */
export function prepare(folder) {
  for (const name of ['parser', 'core']) {
    const from = fileURLToPath(new URL(`../../packages/${name}`, import.meta.url))
    const to = `${folder}/node_modules/@spillway/${name}`
    mkdirSync(to, { recursive: true })
    cpSync(`${from}/package.json`, `${to}/package.json`)
    cpSync(`${from}/dist`, `${to}/dist`, { recursive: true, filter: (path) => !/\.(map|d\.ts)$/.test(path) })
  }
  const options = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost'.split(' ')
  try {
    execFileSync('openssl', ['req', ...options, '-keyout', 'key.pem', '-out', 'cert.pem'], {
      cwd: folder,
      stdio: 'ignore',
    })
  } catch {
    console.error('runtimes: no openssl makes a certificate, so nothing is checked over TLS')
  }
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }\n')
  cpSync(fileURLToPath(new URL('./core-suite.mjs', import.meta.url)), `${folder}/suite.mjs`)
}
