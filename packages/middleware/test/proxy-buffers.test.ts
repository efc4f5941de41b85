import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RequestBody } from '@spillway/core'
import * as fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Buffers, bufferRules } from '../src/lib/proxy/buffers.ts'
import { readOptions } from '@spillway/core/options'
import { KeptContent } from '../src/lib/proxy/kept-content.ts'
import { Pieces } from '../src/lib/proxy/pieces.ts'
import { ReadAhead } from '../src/lib/proxy/read-ahead.ts'
import { ResponseBody } from '../src/lib/proxy/response-body.ts'
import { type RawUpstream, client, front, group, rawUpstream, until } from './proxy-support.ts'

const MiB = 1024 * 1024

function buffers(options: Record<string, unknown> = {}): Buffers {
  return new Buffers(readOptions(bufferRules, options))
}

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'spillway-buffers-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

/** Bytes that say where they are. */
function pattern(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff
  return bytes
}

async function all(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Whether a Room has nothing left in it: the whole total may be taken. */
function isFree(room: Buffers['memory'], total: number): boolean {
  const taken = room.take(0, total)
  if (taken) room.release(total)
  return taken
}

/** A body as far as it is read here. */
function bodyOf(pieces: readonly Uint8Array[], length: number | null = null): RequestBody & { readonly read: number } {
  let read = 0
  return {
    length,
    trailers: null,
    get read() {
      return read
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    async *[Symbol.asyncIterator]() {
      for (const piece of pieces) {
        read++
        yield piece
      }
    },
  } as unknown as RequestBody & { readonly read: number }
}

const split = (bytes: Buffer, size: number): Buffer[] =>
  Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size))

interface Flow {
  readonly source: ResponseBody
  readonly ahead: ReadAhead
  readonly room: Buffers
  readonly state: { demanded: number; destroyed: boolean; ended: boolean }
}

function flow(options: Record<string, unknown> = {}): Flow {
  const state = { demanded: 0, destroyed: false, ended: false }
  const source = new ResponseBody({
    demand: () => void state.demanded++,
    destroy: () => void (state.destroyed = true),
  })
  const room = buffers(options)
  const ahead = new ReadAhead(source, room, () => (state.ended = true))
  return { source, ahead, room, state }
}

const post = (bytes: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`

/** Answers with so many bytes as fast as they are taken. */
async function generous(bytes: number): Promise<RawUpstream & { readonly sent: () => boolean }> {
  let isSent = false
  const upstream = await rawUpstream((socket) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`)
    socket.write(pattern(bytes), () => (isSent = true))
  })
  return Object.assign(upstream, { sent: () => isSent })
}

test('pieces come out as they went in, small ones together', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 2000, max: 9000 }))), (sizes) => {
      const whole = pattern(sizes.reduce((sum, size) => sum + size, 0))
      const pieces = new Pieces()
      let at = 0
      for (const size of sizes) pieces.push(whole.subarray(at, (at += size)))
      expect(pieces.bytes).toBe(whole.length)
      expect(Buffer.concat([...pieces]).equals(whole)).toBe(true)
      const shifted: Uint8Array[] = []
      for (let piece = pieces.shift(); piece; piece = pieces.shift()) shifted.push(piece)
      expect(Buffer.concat(shifted).equals(whole)).toBe(true)
      expect(pieces.bytes).toBe(0)
    }),
  )
})

describe('content of a request', () => {
  test.each([
    ['in memory', { memoryBytes: 1000, diskBytes: 0 }, 1000, true],
    ['one byte more than memory has', { memoryBytes: 1000, diskBytes: 0 }, 1001, false],
    ['in a file behind that', { memoryBytes: 1000, diskBytes: 500 }, 1500, true],
    ['one byte more than the file has', { memoryBytes: 1000, diskBytes: 500 }, 1501, false],
    ['in a file alone', { memoryBytes: 0, diskBytes: 1000 }, 1000, true],
    ['nowhere', { memoryBytes: 0, diskBytes: 0 }, 10, false],
    ['in less than all may have', { totalMemoryBytes: 999, diskBytes: 0 }, 1000, false],
  ] as readonly [string, Record<string, number>, number, boolean][])('%s', async (_, limits, length, isWhole) => {
    const bytes = pattern(length)
    const room = buffers(limits)
    const kept = await KeptContent.of(bodyOf(split(bytes, 1)), room)
    expect(kept.length).toBe(isWhole ? length : null)
    expect((await all(kept)).equals(bytes)).toBe(true)
    expect(kept.isWhole).toBe(isWhole)
    const again = isWhole ? await all(kept) : bytes
    expect(again.equals(bytes)).toBe(true)
    kept.release()
    kept.release()
    expect(isFree(room.memory, limits['memoryBytes'] ?? limits['totalMemoryBytes']!)).toBe(true)
    expect(kept.isWhole).toBe(false)
  })

  test('that does not fit has the length that the client said, and waits there', async () => {
    const body = bodyOf(split(pattern(100), 10), 100)
    const kept = await KeptContent.of(body, buffers({ memoryBytes: 35, diskBytes: 0 }))
    expect(body.read).toBe(4)
    expect(kept.length).toBe(100)
    expect(await all(kept)).toHaveLength(100)
  })

  test('stays in memory where the folder takes no files', async () => {
    const missing = join(folder(), 'not', 'there')
    const kept = await KeptContent.of(bodyOf(split(pattern(100), 10)), buffers({ memoryBytes: 30, folder: missing }))
    expect(kept.length).toBe(null)
    expect((await all(kept)).equals(pattern(100))).toBe(true)
  })

  test('leaves no file behind', async () => {
    const place = folder()
    const kept = await KeptContent.of(bodyOf(split(pattern(100), 10)), buffers({ memoryBytes: 0, folder: place }))
    expect(kept.length).toBe(100)
    expect(readdirSync(place)).toEqual([])
    kept.release()
  })

  test('that breaks off is given back', async () => {
    const room = buffers({ totalMemoryBytes: 100 })
    const broken = {
      length: null,
      async *[Symbol.asyncIterator]() {
        yield await Promise.resolve(pattern(100))
        throw new Error('broken off')
      },
    } as unknown as RequestBody
    await expect(KeptContent.of(broken, room)).rejects.toThrow('broken off')
    expect(isFree(room.memory, 100)).toBe(true)
  })
})

describe('content of a reply', () => {
  test('comes out as it went in, wherever it waited', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 5000 }), fc.integer({ min: 0, max: 3 })), { maxLength: 30 }),
        fc.constantFrom([0, 0], [3000, 0], [0, 20_000], [3000, 4000], [1e6, 0]),
        async (steps, [memoryBytes, diskBytes]) => {
          const { source, ahead, room, state } = flow({ memoryBytes, diskBytes })
          const whole = pattern(steps.reduce((sum, [size]) => sum + size, 0))
          const out: Uint8Array[] = []
          let wanted = Promise.resolve()
          let at = 0
          for (const [size, reads] of steps) {
            source.push(whole.subarray(at, (at += size)))
            for (let i = 0; i < reads; i++)
              wanted = wanted.then(async () => {
                if (out.reduce((sum, { length }) => sum + length, 0) >= whole.length) return
                const { value } = (await ahead.next()) as { value?: Uint8Array }
                if (value) out.push(value)
              })
            await new Promise((resolve) => setImmediate(resolve))
          }
          source.end([['x', 'y']])
          await wanted
          for (let next = await ahead.next(); !next.done; next = await ahead.next()) out.push(next.value)
          expect(Buffer.concat(out).equals(whole)).toBe(true)
          expect(ahead.trailers).toEqual([['x', 'y']])
          await until(() => state.ended)
          ahead.destroy()
          expect(isFree(room.memory, memoryBytes)).toBe(true)
          expect(isFree(room.disk, diskBytes)).toBe(true)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('that is there is given out before it fails', async () => {
    const { source, ahead, state } = flow()
    source.push(Buffer.from('some'))
    source.fail(new Error('cut'))
    await until(() => state.ended)
    const { value } = (await ahead.next()) as { value: Uint8Array }
    expect(Buffer.from(value).toString()).toBe('some')
    await expect(ahead.next()).rejects.toThrow('cut')
  })

  test('goes into a file only for a client that stays behind', async () => {
    const { source, ahead, room } = flow({ memoryBytes: 3000, diskBytes: 30_000 })
    const disk = vi.spyOn(room.disk, 'take')
    const read = async (bytes: number): Promise<void> => {
      for (let left = bytes; left > 0;) left -= ((await ahead.next()) as { value: Uint8Array }).value.length
    }
    for (let i = 0; i < 5; i++) source.push(pattern(3000))
    await read(12_000)
    expect(disk).not.toHaveBeenCalled()
    for (let i = 0; i < 3; i++) source.push(pattern(3000))
    await until(() => disk.mock.calls.length > 0)
    await read(12_000)
    ahead.destroy()
  })

  test('that has been sent is given back to its connection', async () => {
    const taken: Uint8Array[] = []
    const source = new ResponseBody({ demand: () => {}, destroy: () => {}, reuse: (piece) => void taken.push(piece) })
    const first = pattern(3000)
    const second = pattern(4000)
    for (const piece of [first, second]) source.push(piece)
    expect((await source.next()).value).toBe(first)
    // Somebody else's bytes.
    expect((await source.next(pattern(3000))).value).toBe(second)
    expect(taken).toEqual([])
    source.push(first)
    const ahead = new ReadAhead(source, buffers(), () => {})
    await ahead.next()
    source.push(second)
    await ahead.next(first)
    expect(taken).toEqual([first])
    ahead.destroy()
  })

  test('that nobody wants is let go of, also while a file is written', async () => {
    const { source, ahead, room, state } = flow({ memoryBytes: 0, diskBytes: 1000 })
    source.push(pattern(1000))
    await Promise.resolve()
    ahead.destroy()
    expect(state.destroyed).toBe(true)
    await until(() => state.ended)
    expect(await ahead.next()).toMatchObject({ done: true })
    await until(() => isFree(room.disk, 1000))
  })
})

describe('a proxy that buffers', () => {
  test('asks a server when the content of a request is there', async () => {
    const upstream = await rawUpstream((socket, _, nth) =>
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${nth}`),
    )
    const { server } = await front(group([upstream.url]), { buffer: true })
    const slow = client(server, post(10), 'hello')
    const quick = client(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await quick.reads('200 OK')
    expect(upstream.received).not.toContain('POST')
    slow.send('world')
    await slow.reads('200 OK')
    expect(upstream.received).toMatch(/POST .*content-length: 10\r\n\r\nhelloworld$/s)
  })

  test('sends what came in chunks with its length', async () => {
    const upstream = await rawUpstream((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'))
    const { server } = await front(group([upstream.url]), { buffer: true })
    const asking = client(
      server,
      'PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    )
    await asking.reads(/204[^]*204/)
    expect(upstream.received).not.toContain('transfer-encoding')
    expect(upstream.received).toMatch(/^PUT .*content-length: 0\r\n\r\nPOST .*content-length: 5\r\n\r\nhello$/s)
  })

  test('tells a client that waits for that to go on', async () => {
    const upstream = await rawUpstream((socket) => socket.write('HTTP/1.1 204 No Content\r\n\r\n'))
    const { server } = await front(group([upstream.url]), { buffer: true })
    const asking = client(server, post(2).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n'))
    await asking.reads('100 Continue')
    asking.send('ok')
    await asking.reads('204')
    expect(upstream.received).not.toMatch(/expect/i)
  })

  test('asks another server with the content that one has had', async () => {
    const bad = await rawUpstream((socket) => void socket.resetAndDestroy())
    const good = await rawUpstream((socket) => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'))
    const { server } = await front(group([bad.url, good.url]), { buffer: true })
    await client(server, post(5).replace('POST', 'PUT'), 'hello').reads('200 OK')
    expect(bad.connections).toBe(1)
    expect(good.received).toMatch(/\r\n\r\nhello$/)
  })

  test('refuses content that is too large before a server is asked', async () => {
    const upstream = await rawUpstream(() => {})
    const { server } = await front(group([upstream.url]), { buffer: true }, { limits: { bodyBytes: 5 } })
    const asking = client(
      server,
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello!\r\n0\r\n\r\n',
    )
    await asking.reads('413')
    expect(upstream.connections).toBe(0)
  })

  test.each([
    ['memory', { memoryBytes: 64 * MiB, diskBytes: 0 }],
    ['a file', { memoryBytes: 64 * 1024 }],
  ])('takes a reply that the client does not read into %s, and the server is free', async (_, buffer) => {
    const upstream = await generous(32 * MiB)
    const to = group([upstream.url], { pool: { connections: 2 } })
    const { server } = await front(to, { buffer })
    const lazy = client(server)
    lazy.socket.pause()
    lazy.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => upstream.sent() && to.status[0]!.active === 0)
    expect(to.status[0]).toMatchObject({ idle: 1 })
    let received = 0
    let last = 0
    lazy.socket.removeAllListeners('data')
    lazy.socket.on('data', (chunk: Buffer) => {
      received += chunk.length
      last = chunk.at(-1)!
    })
    lazy.socket.resume()
    await until(() => received > 32 * MiB)
    expect(last).toBe(pattern(32 * MiB).at(-1))
  })

  test('holds the server up where there is no more room', async () => {
    const upstream = await generous(32 * MiB)
    const to = group([upstream.url])
    const { server } = await front(to, { buffer: { memoryBytes: 1024, diskBytes: 1024 } })
    const lazy = client(server)
    lazy.socket.pause()
    lazy.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until(() => upstream.connections === 1 && to.status[0]!.active === 1)
    const other = client(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await other.reads('200 OK')
    expect(upstream.sent()).toBe(false)
    lazy.socket.destroy()
    other.socket.destroy()
    await until(() => to.status[0]!.active === 0 && upstream.sockets.size === 0)
  })

  test('sends on at once what comes slowly', async () => {
    let go: (() => void) | undefined
    const upstream = await rawUpstream((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n')
      go = () => void socket.write('6\r\nsecond\r\n0\r\n\r\n')
    })
    const { server } = await front(group([upstream.url]), { buffer: true })
    const asking = client(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await asking.reads('first')
    go!()
    await asking.reads(/second\r\n0\r\n\r\n$/)
  })

  test.skipIf(process.platform === 'win32' || process.getuid?.() === 0)(
    'does without a folder that it may not write to',
    async () => {
      const place = folder()
      chmodSync(place, 0o500)
      const upstream = await generous(4 * MiB)
      const { server } = await front(group([upstream.url]), { buffer: { memoryBytes: 1024, folder: place } })
      const asking = client(server, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await until(() => asking.received.length > 4 * MiB)
    },
  )

  test.each([false, { request: false }])(
    'is one that does not with %j: content goes on as it comes',
    async (buffer) => {
      const upstream = await rawUpstream(() => {})
      const { server } = await front(group([upstream.url]), { buffer })
      client(server, post(10), 'hello')
      await until(() => upstream.received.endsWith('hello'))
    },
  )
})
