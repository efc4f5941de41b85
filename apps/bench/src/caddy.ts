import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Start } from './servers.ts'
import { greeting, host } from './settings.ts'

/** Writes a configuration without TLS and logs, and returns the arguments that make Caddy use it. */
export function caddyArguments({ places: { folder, directory }, port, upstream }: Start): string[] {
  const home = join(folder, 'caddy')
  mkdirSync(home, { recursive: true })
  const configuration = `{
  admin off
  auto_https off
}
http://:${port} {
  bind ${host}
  handle_path /static/* {
    root * ${JSON.stringify(directory)}
    file_server
  }
  handle {
    ${upstream === undefined ? `respond /plaintext "${greeting}"` : `reverse_proxy ${host}:${upstream}`}
  }
}
`
  const file = join(home, 'Caddyfile')
  writeFileSync(file, configuration)
  return ['run', '--adapter', 'caddyfile', '--config', file]
}
