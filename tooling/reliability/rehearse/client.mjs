// A few clients that keep sending requests. For each phase name read from standard input, it writes the results of the previous
// phase as a line of JSON. Usage: node client.mjs <url> <path> <clients>
import { Agent, request } from 'node:http'
import { createInterface } from 'node:readline'

const [url, path, clients] = process.argv.slice(2)
/** Milliseconds after which a response is slow, and after which it counts as lost. */
const slow = 1000
const lost = 15_000

const agent = new Agent({ keepAlive: true })
let phase = fresh('')
const stopping = new AbortController()

function fresh(name) {
  return { name, requests: 0, lost: 0, slow: 0, longest: 0, kinds: {} }
}

function ask() {
  return new Promise((resolve) => {
    const asking = request(`${url}${path}`, { agent, timeout: lost }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.complete ? response.statusCode : 'incomplete'))
      response.on('error', (error) => resolve(error.code))
    })
    asking.on('timeout', () => asking.destroy(new Error('no answer')))
    asking.on('error', (error) => resolve(error.code ?? error.message))
    asking.end()
  })
}

async function run() {
  while (!stopping.signal.aborted) {
    // A request counts for the phase in which it was sent, whenever the response arrives.
    const counts = phase
    const began = performance.now()
    const result = await ask()
    const ms = performance.now() - began
    counts.requests++
    counts.longest = Math.max(counts.longest, Math.round(ms))
    if (ms > slow) counts.slow++
    if (result !== 200) {
      counts.lost++
      counts.kinds[result] = (counts.kinds[result] ?? 0) + 1
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const running = Array.from({ length: Number(clients) }, run)
const phases = []
for await (const name of createInterface({ input: process.stdin })) {
  if (name === 'end') break
  phase = fresh(name)
  phases.push(phase)
}
stopping.abort()
await Promise.all(running)
console.log(JSON.stringify(phases))
process.exit()
