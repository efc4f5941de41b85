import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { createSecureServer } from 'node:http2'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findTool, withTools } from '@spillway/vitest-config/tools'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
import { makeCertificate } from '../src/bench.ts'
import { h2load, parseH2load } from '../src/h2load.ts'
import { Histogram } from '../src/histogram.ts'
import { own } from '../src/load.ts'
import { type Workload, workloads } from '../src/workloads.ts'
import { wrk } from '../src/wrk.ts'

const program = fileURLToPath(new URL('../dist/generator.js', import.meta.url))
const built = existsSync(program)

describe('percentiles', () => {
  it('are within a few percent of the truth', () => {
    const histogram = new Histogram()
    for (let us = 1; us <= 10_000; us++) histogram.add(us)
    for (const share of [0.5, 0.99, 0.999]) {
      expect(histogram.at(share) / (10_000 * share)).toBeGreaterThanOrEqual(1)
      expect(histogram.at(share) / (10_000 * share)).toBeLessThan(1.03)
    }
    expect(histogram.at(1)).toBe(10_000)
    expect(new Histogram().at(0.5)).toBe(0)
  })
})

/** A server that counts the requests it gets. */
async function counting(): Promise<{ port: number; seen: { requests: number; bytes: number; messages: number } }> {
  const seen = { requests: 0, bytes: 0, messages: 0 }
  const server = createServer(async (request, response) => {
    seen.requests++
    for await (const chunk of request) seen.bytes += (chunk as Buffer).length
    response.end('ok')
  }).listen(0, '127.0.0.1')
  const deflate = { clientNoContextTakeover: true, serverNoContextTakeover: true }
  const sockets = new WebSocketServer({ server, perMessageDeflate: deflate })
  sockets.on('connection', (socket, { url }) => {
    socket.on('message', (data, binary) => {
      seen.messages++
      for (const one of url === '/publish' ? sockets.clients : [socket]) one.send(data as Buffer, { binary })
    })
  })
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

function certificate(): { cert: Buffer; key: Buffer } {
  const folder = mkdtempSync(join(tmpdir(), 'generator-test-'))
  try {
    makeCertificate({ folder })
    return { cert: readFileSync(join(folder, 'cert.pem')), key: readFileSync(join(folder, 'key.pem')) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function workload(name: string, over: Partial<Workload> = {}): Workload {
  return { ...workloads.find((one) => one.name === name)!, connections: 4, ...over }
}

async function load(generator: typeof own, ...args: [Workload, number]): ReturnType<typeof own> {
  const folder = mkdtempSync(join(tmpdir(), 'generator-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return generator(...args, { seconds: 1, folder, prefix: [], program, pid: process.pid, others: [] })
}

/** Only the server has seen the requests that were in flight when the time was over. */
function between(count: number, told: number, more: number): void {
  expect(told).toBeGreaterThan(0)
  expect(count).toBeGreaterThanOrEqual(told)
  expect(count).toBeLessThanOrEqual(told + more)
}

/** Loads a server that answers every other request with an error; returns the server's count and the generator's. */
async function failsHalf(generator: typeof own): Promise<{ count: number; requests: number; errors: number }> {
  let count = 0
  const server = createServer((_, response) => void response.writeHead(count++ % 2 ? 500 : 200).end())
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { requests, errors } = await load(generator, workload('plaintext'), (server.address() as AddressInfo).port)
  return { count, requests, errors }
}

const reason = built ? '' : ' (skipped: not built)'

describe.runIf(built)(`our generator${reason}`, { timeout: 60_000 }, () => {
  it.each([
    ['plaintext', 4],
    ['baseline', 4],
    ['pipelined', 4 * 16],
    ['short-lived', 4],
  ])('tells as many requests as the server has seen: %s', async (name, under) => {
    const { port, seen } = await counting()
    const { requests, errors, p50, p99 } = await load(own, workload(name), port)
    between(seen.requests, requests, under)
    expect(errors).toBe(0)
    expect(p99).toBeGreaterThanOrEqual(p50)
  })

  it.each([
    ['websocket', 1, 4],
    ['websocket-16', 1, 4 * 16],
    ['websocket-16k', 1, 4],
    ['websocket-packed', 1, 4],
    // Each message goes to all four.
    ['publish', 4, 4],
  ])('tells as many messages as the server has seen: %s', async (name, copies, under) => {
    const { port, seen } = await counting()
    const { requests, errors, spent } = await load(own, workload(name), port)
    between(seen.messages * copies, requests, under)
    expect(errors).toBe(0)
    expect(spent!.server).toBeGreaterThan(0)
    expect(spent!.machine).toBeGreaterThan(spent!.server)
  })

  it('does not count what fails as answered', async () => {
    const { count, requests, errors } = await failsHalf(own)
    between(count, requests + errors, 4)
    expect(Math.abs(requests - errors)).toBeLessThanOrEqual(4)
  })

  it('reads what h2load says', () => {
    const text = `finished in 2.01s, 1000.50 req/s, 1.2MB/s
requests: 2010 total, 2020 started, 2011 done, 2005 succeeded, 3 failed, 2 errored, 1 timeout
status codes: 2005 2xx, 0 3xx, 3 4xx, 0 5xx`
    expect(parseH2load(text)).toMatchObject({ requests: 2005, duration: 2_010_000, errors: 6 })
    expect(parseH2load(text.replace('2.01s', '999.5ms')).duration).toBe(999_500)
    expect(() => parseH2load('Protocol negotiation failed')).toThrow('Protocol negotiation failed')
  })

  withTools(findTool('h2load'), findTool('openssl'))('with h2load', () => {
    it('counts as the server does', async () => {
      let seen = 0
      const { cert, key } = certificate()
      const server = createSecureServer({ cert, key }, (_, response) => {
        seen++
        response.end('ok')
      }).listen(0, '127.0.0.1')
      await once(server, 'listening')
      onTestFinished(() => void server.close())
      const { requests, errors } = await load(h2load, workload('h2-browser'), (server.address() as AddressInfo).port)
      between(seen, requests, 4 * 32)
      expect(errors).toBe(0)
    })
  })

  withTools(findTool('wrk'))('with wrk', () => {
    it('does not count what fails as answered', async () => {
      const { count, requests, errors } = await failsHalf(wrk)
      between(count, requests + errors, 4)
      expect(Math.abs(requests - errors)).toBeLessThanOrEqual(4)
    })

    it('counts as wrk does', async () => {
      const { port, seen } = await counting()
      const theirs = await load(wrk, workload('baseline'), port)
      const before = { ...seen }
      between(before.requests, theirs.requests, 4)
      const ours = await load(own, workload('baseline'), port)
      between(seen.requests - before.requests, ours.requests, 4)
      // Both send all requests in turn, with the same bytes.
      const each = before.bytes / before.requests
      expect((seen.bytes - before.bytes) / (seen.requests - before.requests)).toBeCloseTo(each, 0)
    })
  })
})
