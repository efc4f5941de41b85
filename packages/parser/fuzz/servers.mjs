// Servers as readers of requests: bytes go to a socket, and what comes back tells what was made of them.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@spillway/vitest-config/free-port'
import { parseResponse } from '../dist/index.js'

/** A server that has said nothing for so long waits for more. Milliseconds. */
const PATIENCE = 500

/** What a server makes of bytes, by its answer. */
async function read(port, bytes) {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  let answer = Buffer.alloc(0)
  let timer
  const verdict = await new Promise((resolve) => {
    const wait = () => {
      clearTimeout(timer)
      timer = setTimeout(() => resolve({ verdict: 'more' }), PATIENCE)
    }
    socket.on('data', (piece) => {
      wait()
      answer = Buffer.concat([answer, piece])
      const found = verdictOf(answer)
      if (found !== undefined) resolve(found)
    })
    // it was not worth an answer
    socket.on('close', () => resolve({ verdict: 'refuse' }))
    socket.write(bytes, wait)
  })
  clearTimeout(timer)
  socket.destroy()
  // a handler of the fetch kind never sees what a GET brings along
  return /^\s*(GET|HEAD) /.test(bytes.toString('latin1')) ? { ...verdict, data: undefined } : verdict
}

/** The first final answer, when all of it has come. */
function verdictOf(bytes) {
  let parsed
  try {
    parsed = parseResponse(bytes)
  } catch {
    // no answer in HTTP/1: Deno goes over to HTTP/2 where a request begins as its preface does
    return { verdict: 'refuse' }
  }
  if (parsed === null) return undefined
  const { head, consumed, contentLength } = parsed
  const rest = bytes.subarray(consumed)
  if (head.status < 200) return verdictOf(rest)
  if (head.status >= 300) return { verdict: 'refuse' }
  if (rest.length < contentLength) return undefined
  return { verdict: 'accept', data: rest.subarray(0, contentLength).toString('latin1') }
}

const program = fileURLToPath(new URL('./echo-server.mjs', import.meta.url))
const runtimes = {
  Node: [process.execPath, program],
  Bun: ['bun', program],
  Deno: ['deno', 'run', '--allow-net', '--allow-env', '--no-lock', program],
}

/**
 * Starts the servers of the runtimes that are installed: each with a name, a function that reads, and one that ends it.
 *
 * @param tell told what is missing
 */
export async function startServers(tell) {
  const servers = []
  for (const [name, [command, ...args]] of Object.entries(runtimes)) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    process.once('exit', () => child.kill())
    const started = await new Promise((resolve) => {
      let text = ''
      child.on('error', () => resolve(undefined)).on('close', () => resolve(undefined))
      child.stdout.on('data', (piece) => {
        text += piece
        const found = /PORT (\d+) VERSION (\S+)\n/.exec(text)
        if (found !== null) resolve({ port: Number(found[1]), version: found[2] })
      })
    })
    if (started === undefined) {
      tell(`${name} is not installed, or does not start: left out`)
      continue
    }
    const { port, version } = started
    servers.push({ name: `${name}'s server ${version}`, read: (bytes) => read(port, bytes), stop: () => child.kill() })
  }
  return servers
}

/** Servers that stand in front of others, with the configuration that passes everything on: file, command line, how to ask for the version. */
const fronts = {
  nginx: {
    config: (port, to, folder) => `
      daemon off; master_process off; pid ${folder}/pid; error_log /dev/null;
      events {}
      http {
        access_log off; client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
        uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
        server {
          listen 127.0.0.1:${port};
          location / { proxy_pass http://127.0.0.1:${to}; proxy_http_version 1.1; proxy_set_header Host $http_host; }
        }
      }`,
    run: (file, folder) => ['/usr/sbin/nginx', '-p', folder, '-c', file, '-e', '/dev/null'],
    version: ['/usr/sbin/nginx', '-v'],
  },
  HAProxy: {
    config: (port, to) => `
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend front
  bind 127.0.0.1:${port}
  default_backend back
backend back
  server one 127.0.0.1:${to}
`,
    run: (file) => ['/usr/sbin/haproxy', '-db', '-q', '-f', file],
    version: ['/usr/sbin/haproxy', '-v'],
  },
  h2o: {
    config: (port, to) => `
listen: { host: 127.0.0.1, port: ${port} }
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://127.0.0.1:${to}
`,
    run: (file) => ['h2o', '-c', file],
    version: ['h2o', '-v'],
  },
}

/**
 * Starts those of the servers in front that are installed. Behind them a server answers everything with 200, also what it cannot
 * read: then it was the one in front that has taken it.
 */
export async function startFronts(tell) {
  const behind = createHttpServer({ insecureHTTPParser: true }, (request, response) => {
    const pieces = []
    request.on('error', () => {})
    request.on('data', (piece) => pieces.push(piece)).on('end', () => response.end(Buffer.concat(pieces)))
  })
  const passed = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
  behind.on('connection', (socket) => socket.on('error', () => {}))
  behind.on('clientError', (_, socket) => socket.writable && socket.end(passed))
  behind.on('connect', (_, socket) => socket.end(passed)).on('upgrade', (_, socket) => socket.end(passed))
  await new Promise((resolve) => behind.listen(0, '127.0.0.1', resolve))
  const servers = []
  for (const [name, { config, run, version }] of Object.entries(fronts)) {
    const asked = spawnSync(version[0], version.slice(1), { encoding: 'utf8' })
    const found = /\d+\.\d+\.\d+/.exec(`${asked.stdout}${asked.stderr}`)
    if (found === null) {
      tell(`${name} is not installed: left out`)
      continue
    }
    const folder = mkdtempSync(join(tmpdir(), 'front-'))
    const port = await freePort()
    const file = join(folder, 'config')
    writeFileSync(file, config(port, behind.address().port, folder))
    const [command, ...args] = run(file, folder)
    const child = spawn(command, args, { stdio: 'ignore' })
    const stop = () => {
      child.kill()
      rmSync(folder, { recursive: true, force: true })
    }
    process.once('exit', stop)
    await until(port)
    servers.push({ name: `${name} ${found[0]}`, read: (bytes) => read(port, bytes), stop })
  }
  return {
    servers,
    stop: () => {
      for (const { stop } of servers) stop()
      behind.closeAllConnections()
      behind.close()
    },
  }
}

/** Waits until somebody listens. */
async function until(port) {
  for (let i = 0; i < 100; i++) {
    const isThere = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => (socket.destroy(), resolve(true))).on('error', () => resolve(false))
    })
    if (isThere) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Nobody listens at ${port}`)
}
