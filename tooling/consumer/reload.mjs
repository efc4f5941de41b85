// Measures the time from saving a file to a response of the new code, for a project from the template `api`: with `spillway dev`,
// `node --watch` and `tsx watch`, and for the same notes in the starter projects of Hono and Fastify.
// `node tooling/consumer/reload.mjs [saves [milliseconds between]]`, after a build.
// Meanwhile a tab keeps its connection open and a request is in progress whose content is incomplete: both must get a response.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Projects } from './projects.mjs'
import { freePort } from '../vitest/free-port.js'
import { countsOf } from '../command-line/index.js'

const { saves, pause } = countsOf('reload', { saves: 20, pause: 1500 })
const projects = new Projects()

const database = `new Database(':memory:')
database.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL)')
const add = database.prepare('INSERT INTO notes (text) VALUES (?) RETURNING *')`

/** As `npm create hono@latest` generates it, with the same packages for the notes. */
const onHono = {
  'package.json': {
    type: 'module',
    dependencies: {
      hono: '4.13.19',
      '@hono/node-server': '2.1.8',
      '@hono/zod-validator': '0.9.1',
      zod: '^4.6.7',
      'better-sqlite3': '^12.11.1',
      tsx: '^4.23.15',
    },
  },
  'src/index.ts': `import { serve } from '@hono/node-server'
import { zValidator } from '@hono/zod-validator'
import Database from 'better-sqlite3'
import { Hono } from 'hono'
import { z } from 'zod'

const database = ${database}
const app = new Hono()
  .get('/version', (c) => c.text('0'))
  .post('/notes', zValidator('json', z.object({ text: z.string() })), (c) => c.json(add.get(c.req.valid('json').text), 201))

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
`,
}

/** As `npx fastify generate` generates it. */
const onFastify = {
  'package.json': {
    type: 'commonjs',
    dependencies: { fastify: '5.12.8', 'fastify-cli': '^7.0.0', 'better-sqlite3': '^12.11.1' },
  },
  'app.js': `const Database = require('better-sqlite3')

const database = ${database}
module.exports = async (fastify, _) => {
  fastify.get('/version', async () => '0')
  const body = { type: 'object', required: ['text'], properties: { text: { type: 'string' } } }
  fastify.post('/notes', { schema: { body } }, async (request, reply) => reply.code(201).send(add.get(request.body.text)))
}
`,
}

try {
  projects.prepare()
  const project = projects.create('api', '-t', 'api', '-y')
  const app = readFileSync(join(project, 'src/app.ts'), 'utf8')
  writeFileSync(
    join(project, 'src/app.ts'),
    app.replace(".get('/live'", ".get('/version', (c) => c.text('0'))\n  .get('/live'"),
  )
  const hono = projects.make('hono', onHono, project)
  const fastify = projects.make('fastify', onFastify, project)
  const bin = 'node_modules/.bin'
  const ways = [
    ['spillway dev', project, 'src/app.ts', [`${bin}/spillway`, 'dev', 'src/app.ts']],
    ['node --watch --import tsx', project, 'src/app.ts', ['--watch', '--import', 'tsx', 'src/main.ts']],
    ['tsx watch', project, 'src/app.ts', [`${bin}/tsx`, 'watch', '--clear-screen=false', 'src/main.ts']],
    ['Hono: tsx watch', hono, 'src/index.ts', [`${bin}/tsx`, 'watch', '--clear-screen=false', 'src/index.ts']],
    ['Fastify: fastify start -w', fastify, 'app.js', [`${bin}/fastify`, 'start', '-w', 'app.js']],
  ]
  console.log(`milliseconds from a save to the answer, ${saves} saves, Node.js ${process.version}\n`)
  console.log('| | half | nine of ten | longest | requests refused or cut | begun before, answered |')
  console.log('| - | -: | -: | -: | -: | -: |')
  for (const [name, folder, source, args] of ways)
    console.log(row(name, await measure(folder, join(folder, source), args)))
} finally {
  projects.remove()
}

function row(name, { times, lost, kept }) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))])
  return `| ${name} | ${at(0.5)} | ${at(0.9)} | ${Math.round(sorted.at(-1))} | ${lost} | ${kept} of ${times.length} |`
}

async function measure(project, source, args) {
  const port = await freePort()
  const before = readFileSync(source, 'utf8')
  const write = (version) => writeFileSync(source, before.replace("'0'", `'${version}'`))
  write('0')
  const environment = { ...projects.environment, PORT: String(port), FASTIFY_PORT: String(port), DATABASE: ':memory:' }
  const child = spawn(process.execPath, args, { cwd: project, env: environment, stdio: 'ignore' })
  const ended = once(child, 'close')
  const tab = new Agent({ keepAlive: true, maxSockets: 1 })
  const times = []
  let lost = 0
  let kept = 0
  try {
    await until(tab, port, '0')
    for (let i = 1; i <= saves; i++) {
      const slow = begun(port)
      await sleep(pause)
      const saved = performance.now()
      write(String(i))
      lost += await until(tab, port, String(i))
      times.push(performance.now() - saved)
      kept += await slow.end()
    }
  } finally {
    tab.destroy()
    child.kill('SIGTERM')
    const late = setTimeout(() => child.kill('SIGKILL'), 5000)
    await ended
    clearTimeout(late)
    writeFileSync(source, before)
  }
  return { times, lost, kept }
}

/** Sends requests until the response is from this version. @returns how many requests got no response. */
async function until(agent, port, version) {
  let lost = 0
  for (const deadline = performance.now() + 60_000; performance.now() < deadline;) {
    const text = await get(agent, port).catch(() => undefined)
    if (text === version) return lost
    if (text === undefined) {
      lost++
      await sleep(5)
    } else await sleep(2)
  }
  throw new Error(`Version ${version} does not come`)
}

function get(agent, port) {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host: '127.0.0.1', path: '/version' }, (reply) => {
      let text = ''
      reply.on('data', (piece) => (text += piece))
      reply.on('end', () => resolve(text))
      reply.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** Starts a request whose content arrives slowly. */
function begun(port) {
  const content = '{"text":"slow"}'
  const headers = { 'Content-Type': 'application/json', 'Content-Length': content.length, Connection: 'close' }
  const sent = request({ port, host: '127.0.0.1', path: '/notes', method: 'POST', headers })
  sent.write(content.slice(0, 5))
  const answered = new Promise((resolve) => {
    sent.on('response', (reply) => {
      reply.resume()
      resolve(reply.statusCode === 201 ? 1 : 0)
    })
    sent.on('error', () => resolve(0))
  })
  return {
    end() {
      sent.end(content.slice(5))
      return answered
    },
  }
}
