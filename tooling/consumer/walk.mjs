// Follows Getting started and Deploying outside the workspace, from `npm create spillway` to a response over HTTPS behind the
// gateway, and times each step: `node tooling/consumer/walk.mjs`, after a build. In place of a container, a folder of its own is
// used, with the steps of the Dockerfile, as user `nobody` when root runs this. Needs openssl and curl.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from '../setup.mjs'
import { Projects } from './projects.mjs'
import { freePort } from '../vitest/free-port.js'

const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
const projects = new Projects()
const children = []
let at = performance.now()

function step(what) {
  const now = performance.now()
  console.log(`${((now - at) / 1000).toFixed(1).padStart(6)} s  ${what}`)
  at = now
}

/** Starts a program, and waits until it prints its address. */
async function start(cwd, args, pattern, env = {}, options = {}) {
  const child = spawn(process.execPath, args, { cwd, env: { ...projects.environment, ...env }, ...options })
  children.push(child)
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (out += piece))
  for (let i = 0; i < 600 && !pattern.test(out); i++) {
    if (child.exitCode !== null) throw new Error(out)
    await sleep(50)
  }
  return { child, url: pattern.exec(out)[1] }
}

try {
  projects.prepare()
  at = performance.now()
  const project = projects.create('shop', '-t', 'api', '-y')
  step('npm create spillway@latest shop -- -t api -y')

  const dev = await start(
    project,
    ['node_modules/.bin/spillway', 'dev', 'src/app.ts', '--port', '0'],
    /spillway dev: (\S+)/,
  )
  await fetch(`${dev.url}/notes`)
  step('npm run dev, until the first answer')
  const source = join(project, 'src/app.ts')
  const route = ".get('/hello/:name', (c) => c.text(`Hello, ${c.params.name}`))\n  "
  writeFileSync(source, readFileSync(source, 'utf8').replace(".get('/live'", `${route}.get('/live'`))
  while ((await fetch(`${dev.url}/hello/you`, { headers: { Connection: 'close' } })).status !== 200) await sleep(5)
  step('a route more, until it answers')
  dev.child.kill('SIGTERM')
  await once(dev.child, 'close')
  projects.npm(project, 'test')
  step('npm test')

  const image = join(projects.folder, 'image')
  cpSync(project, image, { recursive: true, verbatimSymlinks: true })
  // As .dockerignore says: the data stored here is not copied into the image.
  rmSync(join(image, 'data'), { recursive: true, force: true })
  projects.npm(image, 'run', 'build')
  projects.npm(image, 'prune', '--omit=dev')
  if (nobody.uid !== undefined) {
    projects.run(image, 'mkdir', 'data')
    projects.run(image, 'chown', `${nobody.uid}:${nobody.gid}`, 'data')
    projects.run(projects.folder, 'chmod', 'o+x', projects.folder)
  }
  step('npm run build, npm prune')
  const environment = { NODE_ENV: 'production', HOST: '0.0.0.0', PORT: '0' }
  const main = ['--enable-source-maps', 'dist/main.js']
  const app = await start(image, main, /Listening on (\S+)/, environment, nobody)
  step('node dist/main.js')

  const edge = join(projects.folder, 'edge')
  mkdirSync(edge)
  const names = ['-subj', '/CN=shop.example', '-addext', 'subjectAltName=DNS:shop.example']
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1']
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', 'shop.key', '-out', 'shop.pem'], {
    cwd: edge,
    stdio: 'ignore',
  })
  const ports = [await freePort(), await freePort(), await freePort()]
  const config = readFileSync(join(root, 'apps/docs/examples/deploy/gateway.json'), 'utf8')
    .replace('"port": 80, "host": "::"', `"port": ${ports[0]}`)
    .replace('"port": 443, "host": "::"', `"port": ${ports[1]}`)
    .replace('8081', String(ports[2]))
    .replace('http://127.0.0.1:3000', app.url.replace('0.0.0.0', '127.0.0.1'))
  writeFileSync(join(edge, 'gateway.json'), config)
  await start(edge, [join(root, 'apps/gateway/dist/main.js'), 'gateway.json'], /(dashboard on)/)
  const resolved = ['--cacert', 'shop.pem', '--resolve', `shop.example:${ports[1]}:127.0.0.1`]
  const asked = ['-sSf', '--max-time', '10', ...resolved, `https://shop.example:${ports[1]}/hello/you`]
  const expectAnswer = () => {
    const answer = execFileSync('curl', asked, { cwd: edge, encoding: 'utf8' })
    if (answer !== 'Hello, you') throw new Error(`It answers ${answer}`)
  }
  expectAnswer()
  step('the gateway, until the first answer over HTTPS')
  // The gateway checks every second whether the program is ready.
  await sleep(2500)
  expectAnswer()
  step('still answered when the gateway has looked')
  app.child.kill('SIGTERM')
  const [code] = await once(app.child, 'exit')
  if (code !== 0) throw new Error(`It ended with ${code}`)
  step('SIGTERM, until it has ended')
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '', error)
  process.exitCode = 1
} finally {
  for (const child of children) child.kill('SIGKILL')
  projects.remove()
}
