import {
  appendFileSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Outcome, type Server, serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { afterAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { send, start } from './server.ts'

// Files that change while they are served: what looks complete must be one version of the file.

const folder = mkdtempSync(join(tmpdir(), 'spillway-changes-'))
const file = join(folder, 'large.bin')
const size = 40 * 1024 * 1024
afterAll(() => rmSync(folder, { recursive: true }))

/** Asks for the large file, does something to it when the first bytes have come, and reads on. */
function download(server: Server, change: () => void): Promise<number> {
  return new Promise((resolve) => {
    let bytes = 0
    const socket = connect(server.port, '127.0.0.1', () =>
      socket.write('GET /large.bin HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    )
    socket.once('data', (chunk: Buffer) => {
      bytes = -chunk.indexOf('\r\n\r\n') - 4
      socket.pause()
      change()
      setTimeout(() => socket.resume(), 50)
    })
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length))
    socket.on('error', () => {})
    socket.on('close', () => resolve(bytes))
  })
}

async function observed(): Promise<{ server: Server; outcomes: Outcome[] }> {
  const outcomes: Outcome[] = []
  const app = router()
    .use((c, next) => {
      c.done((outcome) => outcomes.push(outcome))
      return next()
    })
    .get('/:path*', staticFiles(folder))
  return { server: await start(app, { onError: () => {} }), outcomes }
}

describe('a large file that is being sent', () => {
  beforeEach(() => {
    writeFileSync(file, '')
    truncateSync(file, size)
  })

  test('arrives whole when nothing happens to it, and when it is replaced', async () => {
    const { server } = await observed()
    expect(await download(server, () => {})).toBe(size)
    const other = join(folder, 'other.bin')
    writeFileSync(other, 'short')
    expect(await download(server, () => renameSync(other, file))).toBe(size)
  })

  test('is sent as it was when it is appended to', async () => {
    const { server } = await observed()
    expect(await download(server, () => appendFileSync(file, 'more'))).toBe(size)
  })

  test.each([
    ['gets shorter', () => truncateSync(file, size - 1)],
    ['gets much shorter', () => truncateSync(file, 10)],
    ['is written in place', () => writeSync(openSync(file, 'r+'), 'x', size / 2)],
  ])('is cut when it %s', async (_, change) => {
    const { server, outcomes } = await observed()
    expect(await download(server, change)).toBeLessThan(size)
    await vi.waitFor(() => expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'handler' }]))
  })
})

test('a small file that is replaced all the time is always one version, with its own tag', async () => {
  const server = await serve(staticFiles(folder), { port: 0 })
  const name = join(folder, 'small.txt')
  const contents = ['short', 'a much longer content of the file'.repeat(100)]
  writeFileSync(name, contents[0]!)
  const tags = new Map<string, number>()
  for (let i = 0; i < 100; i++) {
    const [reply] = await Promise.all([
      send(server, 'GET', '/small.txt'),
      new Promise<void>((resolve) => {
        setImmediate(() => {
          writeFileSync(`${name}.new`, contents[i % 2]!)
          renameSync(`${name}.new`, name)
          resolve()
        })
      }),
    ])
    expect(reply).toMatchObject({ status: 200, complete: true })
    expect(contents).toContain(reply.content.toString())
    const length = tags.get(reply.headers.get('etag')!) ?? reply.content.length
    expect(length).toBe(reply.content.length)
    tags.set(reply.headers.get('etag')!, length)
  }
  await server.close()
})

test.skipIf(process.platform === 'win32')(
  'a name that keeps changing between a file and a link to the outside never gives out what is outside',
  async () => {
    const outside = mkdtempSync(join(tmpdir(), 'spillway-outside-'))
    onTestFinished(() => rmSync(outside, { recursive: true }))
    writeFileSync(join(outside, 'secret'), 'secret')
    const name = join(folder, 'swapped.txt')
    writeFileSync(name, 'public')
    const server = await start(staticFiles(folder, { cacheBytes: 0, recheckAfter: 0 }), { onError: () => {} })
    const seen = new Set<string>()
    for (let i = 0; i < 200; i++) {
      const swap = async (): Promise<void> => {
        for (const turn of [0, 1, 2, 3]) {
          if (turn % 2 === 0) symlinkSync(join(outside, 'secret'), `${name}.new`)
          else writeFileSync(`${name}.new`, 'public')
          renameSync(`${name}.new`, name)
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      const [reply] = await Promise.all([send(server, 'GET', '/swapped.txt'), swap()])
      seen.add(reply.status === 200 ? reply.content.toString() : String(reply.status))
    }
    // What it is at the moment: the file, missing, or replaced too fast to tell.
    for (const what of seen) expect(['public', '404', '503']).toContain(what)
    expect((await send(server, 'GET', '/swapped.txt')).content.toString()).toBe('public')
  },
)
