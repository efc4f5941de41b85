// Kills one of two servers behind the proxy, again and again, while clients keep sending requests, and counts the
// responses that are not 200. Usage: node tooling/reliability/kill-a-backend.mjs [rounds, default 20]; build first.
import { fork } from 'node:child_process'
import { Agent, createServer, request } from 'node:http'
import { fileURLToPath } from 'node:url'
import { serve } from '../../packages/core/dist/index.js'
import { proxy, upstreams } from '../../packages/middleware/dist/proxy.js'
import { countsOf } from '../command-line/index.js'

const [argument, port] = process.argv.slice(2)
if (argument === 'backend') backend(Number(port))
else await main(countsOf('kill-a-backend', { rounds: 20 }).rounds)

/** Responds at once or after a moment, so that some requests are in progress whenever it is killed. */
function backend(at) {
  const server = createServer((_request, response) => {
    setTimeout(() => response.end('ok'), Math.random() < 0.5 ? 0 : Math.random() * 20)
  })
  server.listen(at, '127.0.0.1', () => process.send(server.address().port))
  process.on('disconnect', () => process.exit())
}

async function start(at = 0) {
  const child = fork(fileURLToPath(import.meta.url), ['backend', String(at)])
  const listening = await new Promise((resolve) => child.once('message', resolve))
  return { child, port: listening }
}

async function main(rounds) {
  const servers = [await start(), await start()]
  const group = upstreams(servers.map(({ port: at }) => `http://127.0.0.1:${at}`))
  const server = await serve(proxy(group), { port: 0, host: '127.0.0.1', onError: () => undefined })
  const counts = { answered: 0, failed: 0, kinds: {} }
  const stopping = new AbortController()
  const agent = new Agent({ keepAlive: true })
  const methods = ['GET', 'GET', 'HEAD', 'DELETE', 'PUT']
  const client = async () => {
    for (let i = 0; !stopping.signal.aborted; i++) {
      const result = await ask(server.port, agent, methods[i % methods.length])
      if (result === 200) counts.answered++
      else {
        counts.failed++
        counts.kinds[result] = (counts.kinds[result] ?? 0) + 1
      }
    }
  }
  const clients = Array.from({ length: 64 }, client)
  for (let round = 0; round < rounds; round++) {
    await sleep(200 + Math.random() * 200)
    const killed = servers[round % 2]
    killed.child.kill('SIGKILL')
    await sleep(200 + Math.random() * 300)
    servers[round % 2] = await start(killed.port)
  }
  await sleep(200)
  stopping.abort()
  await Promise.all(clients)
  console.log(`${rounds} kills under ${clients.length} clients:`, counts, group.status)
  agent.destroy()
  group.close()
  await server.close({ deadline: 1000 })
  for (const { child } of servers) child.kill('SIGKILL')
  process.exitCode = counts.failed > 0 || counts.answered < rounds * 100 ? 1 : 0
}

function ask(at, agent, method) {
  return new Promise((resolve) => {
    const asking = request({ port: at, host: '127.0.0.1', agent, method }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.complete ? response.statusCode : 'incomplete'))
      response.on('error', (error) => resolve(error.code))
    })
    asking.on('error', (error) => resolve(error.code))
    asking.end()
  })
}

function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
