import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Start } from './servers.ts'
import { host } from './settings.ts'

/** Writes a configuration for one thread and returns the arguments that make h2o use it. It answers from files only. */
export function h2oArguments({ places: { folder, directory }, port, tls, upstream }: Start): string[] {
  const home = join(folder, 'h2o')
  mkdirSync(home, { recursive: true })
  const quoted = (...path: string[]): string => JSON.stringify(join(folder, ...path))
  const secured = `
  ssl:
    certificate-file: ${quoted('cert.pem')}
    key-file: ${quoted('key.pem')}
    ocsp-update-interval: 0`
  const passed = `proxy.reverse.url: "http://${host}:${upstream}"`
  const configuration = `num-threads: 1
listen:
  host: ${host}
  port: ${port}${tls === 'none' ? '' : secured}
file.mime.setdefaulttype: text/plain
hosts:
  default:
    paths:
      /static/:
        file.dir: ${JSON.stringify(directory)}
      /:
        ${upstream === undefined ? `file.dir: ${JSON.stringify(folder)}` : passed}
`
  const file = join(home, 'h2o.conf')
  writeFileSync(file, configuration)
  return ['-c', file]
}
