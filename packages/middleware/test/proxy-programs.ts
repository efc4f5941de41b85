import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Tool, findTool, spawn } from '@spillway/vitest-config/tools'
import { onTestFinished } from 'vitest'
import { deadPort, until } from './proxy-support.ts'

/** Other proxies, which a test puts in front of ours, or behind it. */
export const others: readonly Tool[] = [findTool('nginx'), findTool('haproxy')]

/** Starts one that sends everything on to `to`, a port of this machine. Gives its port, and how to end it. */
export async function startOther({ name, path }: Tool, to: number): Promise<{ readonly port: number }> {
  const folder = mkdtempSync(join(tmpdir(), `spillway-${name}-`))
  const port = await deadPort()
  const config = join(folder, 'config')
  writeFileSync(config, name === 'nginx' ? nginx(folder, port, to) : haproxy(port, to))
  const args = name === 'nginx' ? ['-p', folder, '-e', 'stderr', '-c', config] : ['-db', '-f', config]
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  onTestFinished(async () => {
    await stop(child)
    rmSync(folder, { recursive: true, force: true })
  })
  let ready = false
  const knock = (): void => {
    const socket = connect(port, '127.0.0.1', () => {
      ready = true
      socket.destroy()
    })
    socket.on('error', () => setTimeout(knock, 20))
  }
  knock()
  await until(() => {
    if (child.exitCode !== null) throw new Error(`${name} did not start: ${said}`)
    return ready
  })
  return { port }
}

function stop(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null) return resolve()
    child.on('close', () => resolve())
    child.kill('SIGTERM')
    // Connections that are still open must not hold a test up.
    setTimeout(() => child.kill('SIGKILL'), 2000).unref()
  })
}

function nginx(folder: string, port: number, to: number): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  return `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
events { worker_connections 1024; }
http {
  ${paths.join(' ')} access_log off; client_max_body_size 0;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream other { server 127.0.0.1:${to}; keepalive 16; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://other; proxy_http_version 1.1; proxy_buffering off; proxy_request_buffering off;
      proxy_set_header Host $http_host; proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade; proxy_set_header X-Forwarded-For $remote_addr;
    }
  }
}
`
}

function haproxy(port: number, to: number): string {
  return `global
  maxconn 1000
defaults
  mode http
  option forwardfor
  option http-keep-alive
  timeout connect 10s
  timeout client 30s
  timeout server 30s
frontend front
  bind 127.0.0.1:${port}
  default_backend behind
backend behind
  server only 127.0.0.1:${to}
`
}
