// Simulates people who read, write, like and comment at the same time, one per connection, and measures the cost:
// `node apps/conduit/scripts/load.mjs [seconds [connections]]`, after a build. It fails for a status of 500 or more, a request
// without a response, and memory that keeps growing.
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const seconds = Number(process.argv[2] ?? 30)
const connections = Number(process.argv[3] ?? 50)
const folder = mkdtempSync(join(tmpdir(), 'conduit-load-'))
const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const env = { PORT: '0', DATABASE: join(folder, 'conduit.db'), SECRET: randomBytes(32).toString('hex') }
const child = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
const ended = once(child, 'exit')
const [told] = await once(child.stdout, 'data')
const { port } = new URL(/http:\S+(?=\/api)/.exec(told)[0])

const times = []
const statuses = new Map()

/** One person, on one connection. */
class Person {
  #agent = new Agent({ keepAlive: true, maxSockets: 1 })
  #headers = {}
  constructor(name) {
    this.name = name
  }

  async register() {
    const user = { username: this.name, email: `${this.name}@example.com`, password: 'secret-enough' }
    this.#headers = { Authorization: `Token ${(await this.ask('POST', '/users', { user })).user.token}` }
  }

  ask(method, path, body) {
    const started = performance.now()
    const content = body && JSON.stringify(body)
    const headers = { ...this.#headers, ...(content && { 'Content-Type': 'application/json' }) }
    return new Promise((resolve, reject) => {
      const sent = request({ agent: this.#agent, port, method, path: `/api${path}`, headers }, async (reply) => {
        let text = ''
        for await (const piece of reply) text += piece
        times.push(performance.now() - started)
        statuses.set(reply.statusCode, (statuses.get(reply.statusCode) ?? 0) + 1)
        resolve(text && JSON.parse(text))
      })
      sent.on('error', reject)
      sent.end(content)
    })
  }

  /** Reads most of the time, and writes now and then. */
  async live(until) {
    for (let i = 0; performance.now() < until; i++) {
      const { articles } = await this.ask('GET', `/articles?limit=10&offset=${i % 20}`)
      if (i % 20 === 0) {
        const article = {
          title: `${this.name} ${i}`,
          description: 'Load',
          body: 'x'.repeat(2000),
          tagList: ['load', `t${i % 7}`],
        }
        await this.ask('POST', '/articles', { article })
      }
      const { slug, author } = articles[i % 10] ?? {}
      if (slug === undefined) continue
      await this.ask('GET', `/articles/${encodeURIComponent(slug)}`)
      await this.ask('GET', `/articles/${encodeURIComponent(slug)}/comments`)
      if (i % 5 === 0) await this.ask(i % 2 ? 'DELETE' : 'POST', `/articles/${encodeURIComponent(slug)}/favorite`)
      if (i % 10 === 0) {
        await this.ask('POST', `/articles/${encodeURIComponent(slug)}/comments`, { comment: { body: 'Yes' } })
        await this.ask('POST', `/profiles/${author.username}/follow`)
      }
      await this.ask('GET', i % 3 ? '/tags' : '/articles/feed?limit=10')
    }
    this.#agent.destroy()
  }
}

const memory = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) / 1024

try {
  const people = Array.from({ length: connections }, (_, i) => new Person(`p${i}`))
  await Promise.all(people.map((person) => person.register()))
  times.length = 0
  const started = performance.now()
  const all = Promise.all(people.map((person) => person.live(started + seconds * 1000)))
  const seen = []
  for (let i = 0; i < 4; i++) {
    await Promise.race([sleep((seconds * 1000) / 4), all])
    seen.push(memory())
  }
  await all
  const perSecond = (times.length / (performance.now() - started)) * 1000
  const sorted = times.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.floor((sorted.length - 1) * share)].toFixed(1)
  console.log(`${times.length} requests of ${connections} people in ${seconds} s: ${Math.round(perSecond)} a second`)
  console.log(`answered in ${at(0.5)} ms (half), ${at(0.99)} ms (99 of 100), ${at(1)} ms (the last)`)
  console.log(`statuses ${[...statuses].map(([status, count]) => `${status}: ${count}`).join(', ')}`)
  console.log(`memory after each quarter, MB: ${seen.map(Math.round).join(', ')}`)
  if ([...statuses.keys()].some((status) => status >= 500)) throw new Error('There are replies of 500 or more')
  if (seen[3] > seen[1] * 1.3) throw new Error('Memory goes on growing')
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  child.kill('SIGTERM')
  const [code] = await ended
  if (code !== 0) process.exitCode = 1
  rmSync(folder, { recursive: true })
}
