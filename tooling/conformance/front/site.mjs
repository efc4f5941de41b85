// The site of the checks: 504 files, two PHP scripts, a Node application, and a server that is busy.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { freePort } from '../../vitest/free-port.js'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync, findTool, spawn } from '../../vitest/programs.js'

/** The hash of the password `right`. */
const hash = '$2y$04$jsZafk3Chfgi/nxLFJyP1.A2yAWCqom5QPq/Lppy11nuPIIQS3a12'

export const php = findTool('php-fpm')
export const openssl = findTool('openssl')

/** Creates the files, starts the upstream servers, and returns the values for the front servers' configurations. */
export async function startSite(passwordHash = hash) {
  const home = mkdtempSync(join(tmpdir(), 'front-'))
  writeFiles(home, passwordHash)
  for (const name of ['site', 'shop']) certificate(home, name, `${name}.test`, `www.${name}.test`)
  const app = await startApp()
  const busy = await listen(createServer((_request, response) => response.writeHead(503).end('busy')))
  const scripts = await startPhp(home)
  const values = async () => ({
    HOME: home,
    HASH: passwordHash,
    HTTP: await freePort(),
    HTTPS: await freePort(),
    GONE: await freePort(),
    APP: app.port,
    BUSY: busy.port,
    SOCKET: scripts.socket,
  })
  const stop = async () => {
    for (const { server } of [app, busy]) {
      server.closeAllConnections()
      server.close()
    }
    await scripts.stop()
    rmSync(home, { recursive: true })
  }
  return { home, app, values, stop }
}

function writeFiles(home, passwordHash) {
  const write = (name, content) => {
    mkdirSync(join(home, name, '..'), { recursive: true })
    writeFileSync(join(home, name), content)
  }
  write('site/index.html', '<h1>home</h1>')
  write('site/about.html', '<h1>about</h1>')
  write('site/style.css', 'body { color: black }\n'.repeat(200))
  write('site/app-3f9a1b7c.js', 'console.log(1)\n'.repeat(50))
  write('site/info.php', '<?php echo "run ", $_GET["x"] ?? "", " ", $_SERVER["HTTPS"] ?? "";')
  write('site/.git/config', 'secret')
  for (let i = 0; i < 500; i++) write(`site/pages/${i}.html`, `<h1>page ${i}</h1>`)
  write('404.html', '<h1>our 404</h1>')
  write('down.html', '<h1>our down</h1>')
  write('admin/index.html', '<h1>admin</h1>')
  write('shop/index.php', '<?php echo "shop ", $_SERVER["REQUEST_URI"];')
  write('htpasswd', `ann:${passwordHash}\n`)
}

function certificate(home, name, ...names) {
  const subject = [
    '-subj',
    `/CN=${names[0]}`,
    '-addext',
    `subjectAltName=${names.map((one) => `DNS:${one}`).join(',')}`,
  ]
  const files = ['-keyout', join(home, `${name}.key`), '-out', join(home, `${name}.pem`)]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  execFileSync(openssl.path, ['req', '-x509', ...key, ...subject, ...files], { stdio: 'ignore' })
}

/** An application that describes its requests, redirects, takes uploads, sends large content, and echoes on upgraded connections. */
async function startApp() {
  const seen = { uploads: 0, bigDone: 0 }
  let port = 0
  const server = createServer((request, response) => {
    const path = request.url.split('?')[0]
    if (path === '/login') {
      const headers = { Location: `http://127.0.0.1:${port}/welcome`, 'Set-Cookie': 'a=b; Path=/; HttpOnly' }
      response.writeHead(302, headers).end()
      return
    }
    if (path === '/big') {
      response.on('finish', () => seen.bigDone++)
      response.end(Buffer.alloc(16 * 1024 * 1024, 'x'))
      return
    }
    if (path === '/upload') seen.uploads++
    let length = 0
    request.on('data', (chunk) => (length += chunk.length))
    request.on('end', () => {
      response.setHeader('Content-Type', 'application/json')
      response.end(JSON.stringify({ path: request.url, length, headers: request.headers, ...seen }))
    })
  })
  server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: echo\r\nConnection: Upgrade\r\n\r\n')
    socket.on('error', () => {}).pipe(socket)
  })
  const app = await listen(server)
  port = app.port
  return { ...app, seen }
}

function listen(server) {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve({ server, port: server.address().port }))
  })
}

async function startPhp(home) {
  const socket = join(home, 'fpm.sock')
  const root = process.getuid() === 0
  writeFileSync(
    join(home, 'fpm.conf'),
    `[global]\nerror_log = ${home}/fpm.log\ndaemonize = no\n[www]\n${root ? 'user = root\ngroup = root\n' : ''}listen = ${socket}\npm = static\npm.max_children = 2\n`,
  )
  const child = spawn(php.path, [...(root ? ['-R'] : []), '-n', '-F', '-y', join(home, 'fpm.conf')], {
    stdio: 'ignore',
  })
  const ended = new Promise((resolve) => child.once('exit', resolve))
  await accepts({ path: socket })
  return {
    socket,
    stop: () => {
      child.kill()
      return ended
    },
  }
}

/** Waits until a server accepts connections there. @throws Error when none does within ten seconds. */
export async function accepts(where) {
  for (let i = 0; i < 500; i++) {
    const up = await new Promise((resolve) => {
      const socket = connect(where, () => {
        socket.destroy()
        resolve(true)
      }).on('error', () => resolve(false))
    })
    if (up) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`Nobody listens on ${JSON.stringify(where)}`)
}
