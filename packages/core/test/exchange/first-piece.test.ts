import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type BodySource, HttpError, Reply } from '../../src/index.ts'
import { ask, protocols } from '../both-protocols.ts'
import { muteErrors } from '../support.ts'

muteErrors()

class Broken extends Error {}

/** Gives some pieces, waits, and fails. */
async function* failing(ms = 0, error: unknown = new Broken(), pieces: readonly string[] = []): AsyncGenerator<string> {
  yield* pieces
  if (ms > 0) await sleep(ms)
  throw error
}

describe.each(protocols)('a source that fails before its first byte, over %s', (protocol) => {
  it.each<[string, () => BodySource]>([
    ['at once', () => failing()],
    ['a little later', () => failing(5)],
    ['a file that is not there', () => createReadStream('/nowhere/at/all')],
    [
      'a stream of Node',
      () =>
        new Readable({
          read() {
            this.destroy(new Broken())
          },
        }),
    ],
    ['a stream of the web', () => new ReadableStream({ pull: () => Promise.reject(new Broken()) })],
    [
      'one that cannot be read',
      () => ({
        [Symbol.asyncIterator]: () => {
          throw new Broken()
        },
      }),
    ],
    ['a piece that is none', () => Readable.from([7])],
    ...[undefined, null, 'text'].map((given): [string, () => BodySource] => [
      `an iterator that gives ${given}`,
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(given as never) }) }),
    ]),
  ])('is an error reply: %s', async (_, source) => {
    const told: unknown[] = []
    const options = { onError: (error: unknown) => void told.push(error) }
    const { status, body, complete, fields } = await ask(protocol, (c) => c.stream(source()), options)
    expect([status, body, complete]).toEqual([500, 'Internal Server Error\n', true])
    expect(fields.get('content-length')).toBe('22')
    expect(told).toHaveLength(1)
  })

  it('answers as its error says', async () => {
    const { status, body } = await ask(protocol, (c) => c.stream(failing(5, new HttpError(404, 'No such file'))))
    expect([status, body]).toEqual([404, 'No such file\n'])
  })

  it('of a Response as well', async () => {
    const source = new ReadableStream({ pull: () => Promise.reject(new Broken()) })
    expect((await ask(protocol, () => new Response(source), { onError: () => {} })).status).toBe(500)
  })

  it('with an announced length that does not come is an error reply, too', async () => {
    const options = { onError: () => {} }
    expect(
      (await ask(protocol, () => new Reply(Readable.from([]), { headers: { 'Content-Length': '5' } }), options)).status,
    ).toBe(500)
  })

  it('in a reply to an error is the end of it: a plain 500', async () => {
    const told: unknown[] = []
    const options = {
      onError: (error: unknown) => {
        told.push(error)
        return new Reply(failing(5))
      },
    }
    const { status, body } = await ask(protocol, () => Promise.reject(new Error('first')), options)
    expect([status, body, told.length]).toEqual([500, 'Internal Server Error\n', 1])
  })

  it('that is a reply itself is an error, once', async () => {
    const source = { [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Reply(source)) }) } as BodySource
    expect((await ask(protocol, (c) => c.stream(source), { onError: () => {} })).status).toBe(500)
  })

  it('behind its first byte is a cut', async () => {
    const options = { onError: () => {} }
    const { status, body, complete } = await ask(protocol, (c) => c.stream(failing(5, new Broken(), ['x'])), options)
    expect([status, body, complete]).toEqual([200, 'x', false])
  })
})

describe.each(protocols)('a source that takes its time, over %s', (protocol) => {
  it('does not keep the head back', async () => {
    const { status, complete } = await ask(protocol, (c) => c.stream(failing(80)), { onError: () => {} })
    expect([status, complete]).toEqual([200, false])
  })

  it('is asked for each piece once, in order', async () => {
    let asked = 0
    const source = async function* (): AsyncGenerator<string> {
      for (const piece of ['a', 'b', '', 'c']) {
        asked++
        await sleep(asked === 1 ? 60 : 0)
        yield piece
      }
    }
    const { body, complete } = await ask(protocol, (c) => c.stream(source()))
    expect([body, complete, asked]).toEqual(['abc', true, 4])
  })
})
