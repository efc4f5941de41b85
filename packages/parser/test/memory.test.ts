/* What callers keep costs about its own size, and what a parser keeps is what waits. Counted, with the collector run by hand. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { MessageParser, parseRequest, parseResponse } from '../src/index.ts'
import { bytesOf } from './replay.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

async function used(): Promise<number> {
  // the memory of buffers is given back between two turns of the event loop
  for (let i = 0; i < 3; i++) {
    collect()
    await new Promise(setImmediate)
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

/** Bytes, of strings and of buffers, that each of what `make` returns keeps. */
async function keptBy(count: number, make: (i: number) => unknown): Promise<number> {
  make(-1)
  const kept: unknown[] = Array.from({ length: count }, () => null)
  const before = await used()
  for (let i = 0; i < count; i++) kept[i] = make(i)
  const after = await used()
  expect(kept).toHaveLength(count)
  return (after - before) / count
}

const filler = `filler: ${'x'.repeat(15_000)}\r\n`
const request = (i: number): Uint8Array =>
  bytesOf(
    `GET /a/path/of/some/length/${i} HTTP/1.1\r\nHost: a\r\nAccept-Encoding: a value of some size ${i}\r\n${filler}\r\n`,
  )
const headOf = (i: number): NonNullable<ReturnType<typeof parseRequest>>['head'] => parseRequest(request(i))!.head

test.each<[string, (i: number) => unknown]>([
  ['a value', (i) => headOf(i).get('accept-encoding')],
  ['a value of several', (i) => headOf(i).getAll('accept-encoding')[0]],
  ['the target', (i) => headOf(i).target],
  ['a name', (i) => [...headOf(i)][1]![0]],
  ['a value that was iterated over', (i) => [...headOf(i)][1]![1]],
  ['a reason', (i) => parseResponse(bytesOf(`HTTP/1.1 200 as good as it gets ${i}\r\n${filler}\r\n`))!.head.reason],
])('%s that is kept does not keep the head', async (_, make) => {
  expect(await keptBy(1000, make)).toBeLessThan(2000)
})

test('a head that is kept is kept', async () => {
  expect(await keptBy(200, headOf)).toBeGreaterThan(15_000)
})

const post = (length: number): Uint8Array => bytesOf(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`)

test('a parser whose head came in two pieces keeps neither', async () => {
  const bytes = bytesOf(`GET / HTTP/1.1\r\nHost: a\r\n${filler}\r\n`)
  const make = (): MessageParser => {
    const parser = new MessageParser('request')
    for (const piece of [bytes.subarray(0, 9000), bytes.subarray(9000)])
      for (const event of parser.feed(piece)) expect(event.at).toBeDefined()
    return parser
  }
  expect(await keptBy(200, make)).toBeLessThan(6000)
})

test('a parser keeps what waits, and little more, however large the piece was that it came in', async () => {
  const large = 4 * 1024 * 1024
  const bytes = new Uint8Array(large + 200)
  const head = post(large)
  bytes.set(head)
  bytes.set(bytesOf('GET / HTTP/1.1\r\nHost'), head.length + large)
  const make = (): MessageParser => {
    const parser = new MessageParser('request')
    let size = 0
    for (const piece of [bytes.subarray(0, 1), bytes.subarray(1, head.length + large + 20)])
      for (const event of parser.feed(piece)) size += event.type === 'data' ? event.data.length : 0
    expect([size, parser.unread.length]).toEqual([large, 20])
    return parser
  }
  expect(await keptBy(5, make)).toBeLessThan(10_000)
})

test('a small piece of data does not keep what it came with', async () => {
  const bytes = new Uint8Array(64_000)
  bytes.set(post(10))
  const make = (): unknown => {
    const parser = new MessageParser('request')
    for (const event of parser.feed(bytes)) if (event.type === 'data') return event.data
    return null
  }
  expect(await keptBy(100, make)).toBeLessThan(4000)
})
