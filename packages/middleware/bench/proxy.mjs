// What a proxied request costs beside nginx and http-proxy, in one interleaved run: node bench/proxy.mjs [rounds, 5], after a
// build. `gateway` is apps/gateway, where it is built, `gateway+` the same with
// names for requests and numbers for its dashboard. Needs wrk and nginx. The proxy has core 0; wrk and the upstream server, nginx with a constant, have core 1. What
// counts is processor time of the proxy for each request, the median of the rounds.
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { Agent, createServer as createHttpServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@spillway/vitest-config/free-port'

const [role = '5', port, upstream] = process.argv.slice(2)
if (role === 'spillway') await runSpillway()
else if (role === 'http-proxy') await runHttpProxy()
else await measure(Number(role))

async function runSpillway() {
  const { serve } = await import('@spillway/core')
  const { proxy, upstreams } = await import('../dist/proxy.js')
  const handler = proxy(upstreams([`http://127.0.0.1:${upstream}`]), { host: 'upstream' })
  await serve(handler, { port: Number(port), host: '127.0.0.1', limits: { bodyBytes: 1e9 } })
}

async function runHttpProxy() {
  const { default: httpProxy } = await import('http-proxy')
  const agent = new Agent({ keepAlive: true, maxSockets: 512 })
  const made = httpProxy.createProxyServer({ target: `http://127.0.0.1:${upstream}`, agent, xfwd: true })
  createHttpServer((request, response) => made.web(request, response)).listen(Number(port), '127.0.0.1')
}

function nginxProxy(at, to) {
  return `upstream backend { server 127.0.0.1:${to}; keepalive 128; keepalive_requests 1000000000; }
    server { listen 127.0.0.1:${at}; location / { proxy_pass http://backend; proxy_http_version 1.1;
      client_max_body_size 0; proxy_set_header Connection ""; proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Forwarded-Proto $scheme; } }`
}

function gatewayConfig(folder, at, to, full) {
  const file = join(folder, full ? 'full.json' : 'gateway.json')
  const more = full ? { admin: { port: 0 } } : { requestId: false }
  const upstreams = { api: { servers: [`http://127.0.0.1:${to}`] } }
  const routes = [{ path: '/', proxy: 'api', host: 'upstream', bodyBytes: 1e9 }]
  writeFileSync(
    file,
    JSON.stringify({ listen: [{ port: at }], log: 'none', compression: false, upstreams, routes, ...more }),
  )
  return file
}

function nginxUpstream(at, folder) {
  writeFileSync(join(folder, 'large'), 'x'.repeat(1024 * 1024))
  return `server { listen 127.0.0.1:${at}; root ${folder};
    location = /hello { return 200 "Hello, World!"; }
    location = /page { add_header Cache-Control "no-cache"; add_header X-Request-Id "0123456789abcdef";
      add_header Vary "Accept-Encoding"; return 200 "${'x'.repeat(4000)}"; }
    location = /post { client_max_body_size 0; return 200 "ok"; } }`
}

function startNginx(core, home, server) {
  mkdirSync(home, { recursive: true })
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${home}/${name};`)
  const config = `daemon off; worker_processes 1; pid ${home}/pid; error_log stderr crit; events { worker_connections 8192; }
    http { ${paths.join(' ')} access_log off; default_type text/plain; sendfile on; keepalive_requests 1000000000; ${server} }`
  writeFileSync(join(home, 'nginx.conf'), config)
  return spawn('taskset', ['-c', core, 'nginx', '-p', home, '-e', 'stderr', '-c', join(home, 'nginx.conf')], {
    stdio: 'inherit',
  })
}

function node(...args) {
  return spawn('taskset', ['-c', '0', process.execPath, ...args], { stdio: ['ignore', 'ignore', 'inherit'] })
}

async function up(at) {
  for (;;) {
    const ok = await new Promise((resolve) => {
      const socket = connect(at, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (ok) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

/** Microseconds of processor time of a process and its children. */
function cpu(pid) {
  let total = 0
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const line = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
      if (Number(name) === pid || Number(fields[1]) === pid) total += (Number(fields[11]) + Number(fields[12])) * 10_000
    } catch {
      // It has ended meanwhile.
    }
  }
  return total
}

function load(folder, at, path, connections, content) {
  const script = join(folder, 'report.lua')
  const post = content ? `wrk.method = "POST" wrk.body = string.rep("x", ${content})` : ''
  writeFileSync(
    script,
    `${post}\ndone = function(s) print("BENCH " .. s.requests .. " " .. (s.errors.connect + s.errors.read + s.errors.write + s.errors.status + s.errors.timeout)) end`,
  )
  const command = ['-c', '1', 'wrk', '-t1', `-c${connections}`, '-d2s', '-s', script, `http://127.0.0.1:${at}${path}`]
  const output = execFileSync('taskset', command, { encoding: 'utf8' })
  const [, requests, errors] = /BENCH (\d+) (\d+)/.exec(output)
  if (Number(errors) > 0) throw new Error(output)
  return Number(requests)
}

async function measure(rounds) {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-proxy-'))
  // nginx drops its rights, and still has to read the files.
  chmodSync(folder, 0o755)
  const here = fileURLToPath(import.meta.url)
  const children = []
  try {
    const to = await freePort()
    children.push(startNginx('1', join(folder, 'upstream'), nginxUpstream(to, folder)))
    await up(to)
    const peers = []
    const gateway = fileURLToPath(new URL('../../../apps/gateway/dist/main.js', import.meta.url))
    const names = ['spillway', ...(existsSync(gateway) ? ['gateway', 'gateway+'] : []), 'nginx', 'http-proxy']
    for (const name of names) {
      const at = await freePort()
      const child =
        name === 'nginx'
          ? startNginx('0', join(folder, 'proxy'), nginxProxy(at, to))
          : name.startsWith('gateway')
            ? node(gateway, gatewayConfig(folder, at, to, name === 'gateway+'))
            : node(here, name, String(at), String(to))
      children.push(child)
      await up(at)
      peers.push({ name, at, pid: child.pid })
    }
    const workloads = [
      ['GET, 13 bytes', '/hello', 64],
      ['GET, 4 KB, 8 fields', '/page', 64],
      ['GET, 1 MiB', '/large', 16],
      ['POST, 1 KB', '/post', 64, 1000],
    ]
    for (const [title, path, connections, content] of workloads) {
      const costs = new Map(peers.map(({ name }) => [name, []]))
      for (let round = -1; round < rounds; round++)
        for (const { name, at, pid } of peers) {
          const before = cpu(pid)
          const requests = load(folder, at, path, connections, content)
          if (round >= 0) costs.get(name).push([(cpu(pid) - before) / requests, requests / 2])
        }
      const median = (name, which) =>
        costs
          .get(name)
          .map((one) => one[which])
          .toSorted((a, b) => a - b)[rounds >> 1]
      for (const { name } of peers) {
        const ratio = median(name, 0) / median('nginx', 0)
        const figures = `${median(name, 0).toFixed(1)} µs (${ratio.toFixed(2)} × nginx), ${median(name, 1).toFixed(0)} req/s`
        console.log(`${title.padEnd(22)} ${name.padEnd(12)} ${figures}`)
      }
    }
  } finally {
    for (const child of children) child.kill('SIGTERM')
    rmSync(folder, { recursive: true })
  }
}
