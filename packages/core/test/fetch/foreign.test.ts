import { describe, expect, it, vi } from 'vitest'
import type { Handler, Reply } from '../../src/index.ts'
import { toFetch } from '../../src/web.ts'

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
