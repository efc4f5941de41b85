import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { host } from './settings.ts'

/** Writes a configuration for one thread and returns the arguments that make h2o use it. What it serves are files. */
export function h2oArguments(folder: string, port: number): string[] {
  const home = join(folder, 'h2o')
  mkdirSync(home, { recursive: true })
  const quoted = (...path: string[]): string => JSON.stringify(join(folder, ...path))
  const configuration = `num-threads: 1
listen:
  host: ${host}
  port: ${port}
  ssl:
    certificate-file: ${quoted('cert.pem')}
    key-file: ${quoted('key.pem')}
    ocsp-update-interval: 0
file.mime.setdefaulttype: text/plain
hosts:
  default:
    paths:
      /:
        file.dir: ${JSON.stringify(folder)}
`
  const file = join(home, 'h2o.conf')
  writeFileSync(file, configuration)
  return ['-c', file]
}
