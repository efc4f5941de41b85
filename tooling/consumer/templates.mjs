// Starts a project from each template, as `npm create spillway` does, from packages as npm would publish them and outside the
// workspace, and does there what its README says: tests, a build, `npm start`, and `npm run dev` through a change.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askedOf, chosenFrom } from '../command-line/index.js'
import { root } from '../setup.mjs'
import { Projects } from './projects.mjs'

/** A path that each template answers with 200. */
const paths = { minimal: '/hello/world', api: '/notes', realtime: '/', static: '/about' }
const all = [...Object.keys(paths), 'guide']
const usage = `[template]...: starts projects as npm create would\n\nDefault: ${all.join(', ')}`
const chosen = askedOf('templates', { usage }, (names) => names.map((name) => chosenFrom('template', name, all)))
/** Templates that use better-sqlite3, which is compiled on installation: if that failed in this workspace, it fails there, too. */
const withSqlite = new Set(['api', 'guide'])

function hasSqlite() {
  const built = join(root, 'apps/conduit/node_modules/better-sqlite3/build/Release/better_sqlite3.node')
  if (existsSync(built)) return true
  console.log('better-sqlite3 could not be built: what uses it is left out')
  return false
}

const projects = new Projects()
const { run, npm, environment } = projects

try {
  projects.prepare()
  const names = chosen.length > 0 ? chosen : all.filter((name) => !withSqlite.has(name) || hasSqlite())
  for (const name of names) await (name === 'guide' ? followGuide() : tryTemplate(name))
  console.log(`created, tested, built and started: ${names.join(', ')}`)
} catch (error) {
  console.error(error.stdout ?? '', error.stderr ?? '', error.message)
  process.exitCode = 1
} finally {
  projects.remove()
}

async function tryTemplate(template) {
  const project = projects.create(template, '-t', template, '-y')
  const tested = npm(project, 'test')
  if (!/pass [1-9]/.test(tested)) throw new Error(`${template}: npm test has run no test\n${tested}`)
  npm(project, 'run', 'build')
  const routes = npm(project, 'run', '--silent', 'routes')
  if (!routes.includes('/live')) throw new Error(`${template}: spillway routes printed ${routes}`)
  const started = await program(
    project,
    ['node', '--enable-source-maps', 'dist/main.js'],
    /Listening on (\S+)/,
    template,
  )
  const { status: readiness } = await fetch(`${started.url}/ready`)
  if (readiness !== 200) throw new Error(`${template}: /ready is ${readiness}`)
  await started.end()
  const dev = await program(
    project,
    ['node', 'node_modules/.bin/spillway', 'dev', 'src/app.ts'],
    /spillway dev: (\S+)/,
    template,
  )
  const source = join(project, 'src/app.ts')
  writeFileSync(source, `${readFileSync(source, 'utf8')}\napp_that_is_not()\n`)
  for (let status = 200, i = 0; status !== 500; i++) {
    if (i > 200) throw new Error(`${template}: the mistake is not seen`)
    await sleep(50)
    status = (await fetch(dev.url + paths[template])).status
  }
  await dev.end()
}

/** Starts a program on a free port, and checks that it answers. */
async function program(cwd, [command, ...args], pattern, template) {
  const child = spawn(command, args, { cwd, env: { ...environment, PORT: '0' } })
  const ended = once(child, 'close')
  let out = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (piece) => (out += piece))
  let url
  for (let i = 0; url === undefined && child.exitCode === null && i < 300; i++) {
    await sleep(100)
    url = pattern.exec(out)?.[1]
  }
  try {
    const headers = { Accept: 'text/html' }
    for (const path of ['/live', paths[template]]) {
      const { status } = await fetch(url + path, { headers })
      if (status !== 200) throw new Error(`${path} is ${status}`)
    }
  } catch (error) {
    child.kill('SIGKILL')
    throw new Error(`${template}: ${args.join(' ')}: ${error.message}\n${out}`, { cause: error })
  }
  return {
    url,
    async end() {
      child.kill('SIGTERM')
      const [code] = await ended
      if (code !== 0) throw new Error(`${template}: ${args.join(' ')} ended with ${code}\n${out}`)
    },
  }
}

/** Does what Getting started says, step by step, but on a free port. */
async function followGuide() {
  const guide = readFileSync(join(root, 'apps/docs/site/guide/getting-started.md'), 'utf8')
  const [, told] = /^([^]*?)\n## Without a project/.exec(guide)
  const [route] = told.match(/(?<=```ts\n)[^]*?(?=```)/g)
  const commands = [...told.matchAll(/```sh\n([^]*?)```/g)].flatMap(([, text]) => text.trim().split('\n'))
  let cwd = projects.folder
  let running
  for (const command of commands) {
    const created = /^npm create spillway@latest (\w+) -- (.*)$/.exec(command)
    const asked = /^curl http:\/\/127\.0\.0\.1:3000(\S+)$/.exec(command)
    if (created) projects.create(created[1], ...created[2].split(' '))
    else if (command.startsWith('cd ')) cwd = join(cwd, command.slice(3))
    else if (command === 'npm run dev')
      running = await program(cwd, scriptOf(cwd, 'dev'), /spillway dev: (\S+)/, 'minimal')
    else if (asked) await expectAnswer(cwd, running.url, asked[1], route)
    else if (command === 'npm start')
      await (await program(cwd, scriptOf(cwd, 'start'), /Listening on (\S+)/, 'minimal')).end()
    else run(cwd, ...command.split(' '))
  }
  await running.end()
}

async function expectAnswer(cwd, url, path, route) {
  const file = join(cwd, 'src/app.ts')
  const source = readFileSync(file, 'utf8')
  // The step before it.
  if (path.startsWith('/bye') && !source.includes('/bye'))
    writeFileSync(file, source.replace(/(\.get\('\/hello.*\n)/, `$1${route}`))
  for (let i = 0; ; i++) {
    const reply = await fetch(url + path, { headers: { Connection: 'close' } })
    if (reply.status === 200 && (await reply.text()).includes('world')) return
    if (i > 100) throw new Error(`${path} is ${reply.status}`)
    await sleep(50)
  }
}

/** What npm would run, without npm in between, because npm handles signals in its own way. */
function scriptOf(cwd, name) {
  const [command, ...args] = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8')).scripts[name].split(' ')
  return command === 'node' ? [command, ...args] : ['node', `node_modules/.bin/${command}`, ...args]
}
