import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Start } from './servers.ts'
import { greeting, host } from './settings.ts'

/** Writes a configuration for one thread and returns the arguments that make HAProxy use it. */
export function haproxyArguments({ places: { folder }, port, tls, upstream }: Start): string[] {
  const home = join(folder, 'haproxy')
  mkdirSync(home, { recursive: true })
  const secured = ` ssl crt ${join(folder, 'both.pem')} alpn h2,http/1.1`
  const answers =
    upstream === undefined
      ? `  http-request return status 200 content-type text/plain string "${greeting}" if { path /plaintext }`
      : '  default_backend behind'
  const behind = `backend behind
  http-reuse always
  option forwardfor
  server one ${host}:${upstream}
`
  const configuration = `global
  nbthread 1
  maxconn 8000
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
frontend front
  bind ${host}:${port}${tls === 'none' ? '' : secured}
${answers}
${upstream === undefined ? '' : behind}`
  const file = join(home, 'haproxy.cfg')
  writeFileSync(file, configuration)
  return ['-f', file]
}
