// The servers of the scorecard, each with the options that suit the site best.
import { spawn } from 'node:child_process'
import { freePort } from '../../vitest/free-port.js'
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** @returns a path, or undefined when the program is not installed. */
function program(name, folders) {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

function nginx(root, port, at, path) {
  const home = mkdtempSync(join(tmpdir(), 'scorecard-nginx-'))
  mkdirSync(join(home, 'logs'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${home}/${name};`,
  )
  const fallback = at === 'application' ? '/index.html' : '=404'
  writeFileSync(
    join(home, 'nginx.conf'),
    `daemon off; worker_processes 1; pid ${home}/pid; error_log stderr crit; user root;
events {}
http {
  ${temporary.join('\n  ')}
  include /etc/nginx/mime.types; default_type application/octet-stream; charset utf-8; access_log off; sendfile on;
  charset_types text/css text/plain text/javascript application/javascript;
  gzip on; gzip_types text/css text/plain application/javascript; gzip_static on; gzip_vary on;
  server {
    listen 127.0.0.1:${port}; root ${JSON.stringify(root)}; disable_symlinks if_not_owner; absolute_redirect off;
    error_page 404 /404.html; ${at === 'listing' ? 'autoindex on;' : ''}
    location ~ /\\.(?!well-known) { return 404; }
    location ~ "-[A-Za-z0-9]{8}\\.js$" { add_header Cache-Control "public, max-age=31536000, immutable"; }
    location / { try_files $uri $uri.html $uri/ ${fallback}; add_header Cache-Control no-cache; add_header X-Content-Type-Options nosniff; }
  }
}
`,
  )
  return [path, '-p', home, '-e', 'stderr', '-c', join(home, 'nginx.conf')]
}

const ours = fileURLToPath(new URL('spillway.mjs', import.meta.url))

/** All that can be started here. @param folder where `npm install` has put the peers; without it, only those of the system. */
export function servers(folder) {
  const bin = folder ? [join(folder, 'node_modules/.bin')] : []
  const system = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  const all = [
    { name: 'spillway', path: ours, command: (root, port, at) => [process.execPath, ours, root, String(port), at] },
    { name: 'nginx', path: program('nginx', system), command: nginx },
    {
      name: 'serve',
      path: program('serve', bin),
      command: (root, port, at, path) => [
        path,
        ...(at === 'application' ? ['-s'] : []),
        '--no-port-switching',
        '-L',
        '-l',
        `tcp://127.0.0.1:${port}`,
        root,
      ],
    },
    {
      name: 'http-server',
      path: program('http-server', bin),
      command: (root, port, at, path) => [
        path,
        root,
        '-a',
        '127.0.0.1',
        '-p',
        String(port),
        '-g',
        '-b',
        '--no-dotfiles',
        '-s',
        ...(at === 'listing' ? [] : ['-d', 'false']),
      ],
    },
    {
      name: 'sirv-cli',
      path: program('sirv', bin),
      command: (root, port, at, path) => [
        path,
        root,
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--etag',
        '--gzip',
        '--brotli',
        '--quiet',
        '--no-clear',
        '--dev',
        ...(at === 'application' ? ['--single'] : []),
      ],
    },
    {
      name: 'srvx',
      path: program('srvx', bin),
      command: (root, port, _at, path) => [
        path,
        'serve',
        '--prod',
        '--host',
        '127.0.0.1',
        '--port',
        String(port),
        '--static',
        root,
      ],
    },
  ]
  return all.filter(({ path }) => path !== undefined)
}

/** Starts a server and waits until it accepts connections. @throws Error when it does not. */
export async function start({ name, path, command }, root, at) {
  const port = await freePort()
  const [file, ...args] = command(root, port, at, path)
  const child = spawn(file, args, {
    cwd: tmpdir(),
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const stop = () => {
    child.kill()
    // Some wait for connections that will never be closed.
    setTimeout(() => child.kill('SIGKILL'), 1000).unref()
    return ended
  }
  for (let i = 0; i < 200; i++) {
    if (child.exitCode !== null) break
    const up = await fetch(`http://127.0.0.1:${port}/letters.txt`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (up) return { port, pid: child.pid, stop }
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await stop()
  throw new Error(`${name} does not start: ${errors.slice(0, 500)}`)
}
