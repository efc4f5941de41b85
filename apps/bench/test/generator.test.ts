import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findTool, withTools } from '@spillway/vitest-config/tools'
import { describe, expect, it, onTestFinished } from 'vitest'
import { WebSocketServer } from 'ws'
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

/** A server that counts for itself what it was asked. */
async function counting(): Promise<{ port: number; seen: { requests: number; bytes: number; messages: number } }> {
  const seen = { requests: 0, bytes: 0, messages: 0 }
  const server = createServer(async (request, response) => {
    seen.requests++
    for await (const chunk of request) seen.bytes += (chunk as Buffer).length
    response.end('ok')
  }).listen(0, '127.0.0.1')
  new WebSocketServer({ server }).on('connection', (socket) => {
    socket.on('message', (data, binary) => {
      seen.messages++
      socket.send(data as Buffer, { binary })
    })
  })
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, seen }
}

function workload(name: string, over: Partial<Workload> = {}): Workload {
  return { ...workloads.find((one) => one.name === name)!, connections: 4, ...over }
}

async function load(generator: typeof own, ...args: [Workload, number]): ReturnType<typeof own> {
  const folder = mkdtempSync(join(tmpdir(), 'generator-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  return generator(...args, { seconds: 1, folder, prefix: [], program })
}

/** Requests that were under way when the time was over are known to the server only. */
function between(count: number, told: number, more: number): void {
  expect(told).toBeGreaterThan(0)
  expect(count).toBeGreaterThanOrEqual(told)
  expect(count).toBeLessThanOrEqual(told + more)
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

  it('tells as many messages as the server has seen', async () => {
    const { port, seen } = await counting()
    const { requests, errors } = await load(own, workload('websocket'), port)
    between(seen.messages, requests, 4)
    expect(errors).toBe(0)
  })

  it('counts what fails', async () => {
    const server = createServer((_, response) => void response.writeHead(500).end()).listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const { requests, errors } = await load(own, workload('plaintext'), (server.address() as AddressInfo).port)
    expect(errors).toBeGreaterThan(0)
    between(errors, requests, 4)
  })

  withTools(findTool('wrk'))('with wrk', () => {
    it('counts as wrk does', async () => {
      const { port, seen } = await counting()
      const theirs = await load(wrk, workload('baseline'), port)
      const before = { ...seen }
      between(before.requests, theirs.requests, 4)
      const ours = await load(own, workload('baseline'), port)
      between(seen.requests - before.requests, ours.requests, 4)
      // Each request in turn, and each with the same bytes.
      const each = before.bytes / before.requests
      expect((seen.bytes - before.bytes) / (seen.requests - before.requests)).toBeCloseTo(each, 0)
    })
  })
})
