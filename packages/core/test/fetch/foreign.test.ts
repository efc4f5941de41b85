import { describe, expect, it, vi } from 'vitest'
import type { Handler, Reply } from '../../src/index.ts'
import { ForeignExchange, toFetch } from '../../src/web.ts'

const ask = (handler: Handler, onError?: () => unknown): Promise<Response> =>
  toFetch(handler, onError ? { onError: onError as () => Reply } : {})(new Request('http://a/'))

describe('errors in another server end in the same boundary as in ours', () => {
  it('onError that returns no reply is a 500', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const response = await ask(
      () => {
        throw new Error('secret')
      },
      () => 7,
    )
    expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error\n'])
    expect(print).toHaveBeenCalledOnce()
    print.mockRestore()
  })

  it('a Response that was read before is a 500', async () => {
    const used = new Response('x')
    await used.text()
    expect(
      (
        await ask(
          () => used,
          () => {},
        )
      ).status,
    ).toBe(500)
  })

  it.each(['then', 'status'])('a result whose `%s` fails is a 500', async (name) => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    const result = Object.defineProperty({}, name, {
      get: () => {
        throw new Error('x')
      },
    })
    expect((await ask(() => result as Reply)).status).toBe(500)
    expect(print).toHaveBeenCalled()
    print.mockRestore()
  })
})

const handler: Handler = (c) => c.text('x')

describe('what makes no adapter is told when it is made, not with the first request', () => {
  it.each([
    [{ limits: { bodyBytes: Number.NaN } }, RangeError, 'limits.bodyBytes'],
    [{ limits: { bodyBytes: '1' } }, TypeError, 'limits.bodyBytes'],
    [{ onEror: () => {} }, TypeError, 'did you mean `onError`?'],
    [null, TypeError, 'Options are an object'],
  ])('%j', (options, kind, message) => {
    expect(() => toFetch(handler, options as never)).toThrow(kind)
    expect(() => toFetch(handler, options as never)).toThrow(message)
  })

  it('no handler', () => {
    expect(() => toFetch('x' as never)).toThrow('A handler is a function')
  })
})

describe('onError of another server', () => {
  it('is asked in the turn of the error, and hears of what comes too late, but not of clients that left', async () => {
    const heard: unknown[] = []
    const app = toFetch(
      (c) => {
        c.done(() => {
          throw new Error('too late')
        })
        throw new Error('first')
      },
      { onError: (error) => void heard.push((error as Error).message) },
    )
    await (await app(new Request('http://a/'))).text()
    expect(heard).toEqual(['first', 'too late'])
  })

  it('a tunnel that a handler cannot give is refused, as by our own server', async () => {
    const exchange = new ForeignExchange({
      method: 'CONNECT',
      target: 'a:1',
      httpVersion: '1.1',
      headers: { get: () => null, getAll: () => [], has: () => false, [Symbol.iterator]: () => [].values() } as never,
      peer: { address: '', port: 0, secure: false },
      length: 0,
      content: () => ({ next: () => Promise.resolve({ done: true, value: undefined }) }),
    })
    expect((await exchange.run((c) => c.text('x'))).status).toBe(405)
  })
})
