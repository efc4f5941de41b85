import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Start } from './servers.ts'
import { greeting, host } from './settings.ts'

/** Writes a configuration without a log, and returns the arguments that make Caddy use it. */
export function caddyArguments({ places: { folder, directory }, port, tls, upstream }: Start): string[] {
  const home = join(folder, 'caddy')
  mkdirSync(home, { recursive: true })
  const quoted = (name: string): string => JSON.stringify(join(folder, name))
  // By default, it keeps 32 idle connections to the upstream server, and there are 64 clients.
  const passed = `reverse_proxy ${host}:${upstream} {
      transport http {
        keepalive_idle_conns_per_host 64
      }
    }`
  const configuration = `{
  admin off
  auto_https off
}
${tls === 'none' ? 'http' : 'https'}://:${port} {
  bind ${host}${tls === 'none' ? '' : `\n  tls ${quoted('cert.pem')} ${quoted('key.pem')}`}
  handle_path /static/* {
    root * ${JSON.stringify(directory)}
    file_server
  }
  handle {
    ${upstream === undefined ? `respond /plaintext "${greeting}"` : passed}
  }
}
`
  const file = join(home, 'Caddyfile')
  writeFileSync(file, configuration)
  return ['run', '--adapter', 'caddyfile', '--config', file]
}
