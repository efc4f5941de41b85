import { createHash } from 'node:crypto'
import { execFile } from '@spillway/vitest-config/tools'
import { describe, expect, it } from 'vitest'
import { type Context, type Reply, serve } from '../../src/index.ts'

const mebibyte = 1024 * 1024
const size = 100 * mebibyte

/** Piece number `i` of the content: no two are alike, so an exchange of pieces is seen. */
const makePiece = `(i) => Buffer.alloc(65536, 'piece ' + i + ' ')`
// oxlint-disable-next-line no-eval -- one text for the server and for the client's process
const piece = eval(makePiece) as (i: number) => Buffer
const pieces = size / 65_536

const hash = createHash('sha256')
for (let i = 0; i < pieces; i++) hash.update(piece(i))
const digest = hash.digest('hex')

/** Runs a client in a process of its own, so that this one's memory is the server's. */
function client(code: string, url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const prelude = `
      const http = require('node:http'), crypto = require('node:crypto'), piece = ${makePiece}
      const hash = crypto.createHash('sha256'), url = process.argv[1]
      process.on('uncaughtException', (error) => { console.error(error); process.exit(1) })
    `
    execFile(process.execPath, ['-e', prelude + code, url], (error, out, err) =>
      error ? reject(new Error(error.message + err)) : resolve(out.trim()),
    )
  })
}

/** Bytes that this process grew by while `run` ran, at the most. */
async function growth(run: () => Promise<void>): Promise<number> {
  const before = process.memoryUsage().rss
  let most = before
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20)
  await run()
  clearInterval(timer)
  return most - before
}

const download = `
  http.get(url, (response) => {
    let held = 0
    response.on('data', (chunk) => {
      hash.update(chunk)
      // A reader that rests now and then: the server has to wait for it.
      if ((held += chunk.length) > 8e6) { held = 0; response.pause(); setTimeout(() => response.resume(), 20) }
    })
    response.on('end', () => console.log(hash.digest('hex')))
  })
`

const upload = (fields: string): string => `
  const request = http.request(url, { method: 'POST', headers: ${fields} }, (response) => {
    let text = ''
    response.on('data', (chunk) => (text += chunk)).on('end', () => console.log(text))
  })
  let i = 0
  const send = () => {
    while (i < ${pieces}) if (!request.write(piece(i++))) return request.once('drain', send)
    request.end()
  }
  send()
`

async function* source(): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < pieces; i++) yield piece(i)
}

async function handler(c: Context): Promise<Reply> {
  if (c.method === 'GET')
    return c.stream(source(), c.path === '/length' ? { headers: { 'content-length': `${size}` } } : 200)
  c.body.limit = size
  const seen = createHash('sha256')
  let turns = 0
  for await (const chunk of c.body) {
    seen.update(chunk)
    // A reader that rests now and then: the client has to wait for it.
    if (++turns % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  return c.text(seen.digest('hex'))
}

describe('100 MiB, intact and in flat memory', () => {
  it.each([
    ['down, chunked', '/', download],
    ['down, with a length', '/length', download],
    ['up, chunked', '/', upload('{}')],
    ['up, with a length', '/', upload(`{ 'content-length': ${size} }`)],
  ])('%s', { timeout: 60_000 }, async (_, path, code) => {
    const server = await serve(handler, { port: 0 })
    let seen = ''
    const grown = await growth(async () => {
      seen = await client(code, `${server.url}${path}`)
    })
    await server.close({ deadline: 0 })
    expect(seen).toBe(digest)
    expect(grown).toBeLessThan(64 * mebibyte)
  })
})
