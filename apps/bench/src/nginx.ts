import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Start } from './servers.ts'
import { greeting, host } from './settings.ts'
import type { Tls } from './workloads.ts'

const listenFlags: Readonly<Record<Tls, string>> = { none: '', tls: ' ssl', h2: ' ssl http2' }

function certificate(folder: string): string {
  const file = (name: string): string => JSON.stringify(join(folder, name))
  return `\n    ssl_certificate ${file('cert.pem')};\n    ssl_certificate_key ${file('key.pem')};`
}

/** Writes a configuration for one worker and returns the arguments that make nginx use it. */
export function nginxArguments({ places: { folder, directory }, port, tls, upstream, idle }: Start): string[] {
  const home = join(folder, 'nginx')
  mkdirSync(home, { recursive: true })
  // Names are quoted: a folder name may contain spaces.
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `  ${name}_temp_path ${JSON.stringify(join(home, name))};\n`,
  )
  // Keep upstream connections open, which is not the default of this version, and tell the upstream who the client is, as the others do.
  const passed = `
    location / {
      proxy_pass http://behind;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }`
  const greets = `
    location = /plaintext { return 200 "${greeting}"; }`
  const behind = `
  upstream behind { server ${host}:${upstream}; keepalive 64; keepalive_requests 1000000000; }`
  const configuration = `daemon off;
worker_processes 1;
pid ${JSON.stringify(join(home, 'pid'))};
error_log stderr crit;
events { worker_connections ${idle === undefined ? 8192 : idle + 100}; }
http {
${temporary.join('')}  access_log off;
  default_type text/plain;
  sendfile on;
  tcp_nopush on;
  open_file_cache max=1000 inactive=60s;
  keepalive_requests 1000000000;${idle === undefined ? '' : '\n  keepalive_timeout 1h;'}${upstream === undefined ? '' : behind}
  server {
    listen ${host}:${port}${listenFlags[tls]};${tls === 'none' ? '' : certificate(folder)}${upstream === undefined ? greets : passed}
    location /static/ { alias ${JSON.stringify(`${directory}/`)}; }
  }
}
`
  const file = join(home, 'nginx.conf')
  writeFileSync(file, configuration)
  return ['-p', home, '-e', 'stderr', '-c', file]
}
