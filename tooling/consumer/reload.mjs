// How long it takes from a save to the answer of the new code, for a project of the template `api`: by `spillway dev`, and by
// `tsx watch`, which is what Hono's and Fastify's starters run. `node tooling/consumer/reload.mjs [saves]`, after a build.
// A tab keeps its connection, and a request is under way, whose content has not all come: for both it has to be answered.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Projects } from './projects.mjs'

const saves = Number(process.argv[2] ?? 20)
const projects = new Projects()

try {
  projects.prepare()
  const project = projects.create('api', '-t', 'api', '-y')
  const ways = {
    'spillway dev': ['node_modules/.bin/spillway', 'dev', 'src/app.ts'],
    'tsx watch': ['node_modules/.bin/tsx', 'watch', '--clear-screen=false', 'src/main.ts'],
  }
  console.log(`milliseconds from a save to the answer, ${saves} saves, Node.js ${process.version}\n`)
  console.log('| | half | nine of ten | longest | requests refused or cut | begun before, answered |')
  console.log('| - | -: | -: | -: | -: | -: |')
  for (const [name, args] of Object.entries(ways)) console.log(row(name, await measure(project, args)))
} finally {
  projects.remove()
}

function row(name, { times, lost, kept }) {
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share) => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))])
  return `| ${name} | ${at(0.5)} | ${at(0.9)} | ${Math.round(sorted.at(-1))} | ${lost} | ${kept} of ${times.length} |`
}

async function measure(project, args) {
  const port = await freePort()
  const source = join(project, 'src/app.ts')
  const before = readFileSync(source, 'utf8')
  const write = (version) =>
    writeFileSync(
      source,
      before.replace(".get('/live'", `.get('/version', (c) => c.text('${version}'))\n  .get('/live'`),
    )
  write('0')
  const environment = { ...projects.environment, PORT: String(port), DATABASE: ':memory:' }
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
      await sleep(1500)
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

/** Asks until the answer is this one. @returns how often there was none. */
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

/** A request whose content comes slowly. */
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

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
