import { describe, expect, it } from 'vitest'
import type { Context, Reply } from '../../src/index.ts'
import { type InjectInit, inject } from '../../src/testing.ts'
import { muteErrors } from '../support.ts'

muteErrors()

async function echo(c: Context): Promise<Reply> {
  return c.text(`${c.method} ${c.body.length} ${await c.body.text()}`)
}

async function echoOf(init: InjectInit): Promise<string> {
  return (await inject(echo, '/', init)).text()
}

describe('inject', () => {
  it('sends a request and gives the reply', async () => {
    const response = await inject(
      (c) => c.json({ method: c.method, path: c.path, host: c.headers.get('host') }),
      '/a?b',
    )
    expect([response.status, response.statusText, response.headers.get('content-type')]).toEqual([
      200,
      'OK',
      'application/json',
    ])
    expect(await response.json()).toEqual({ method: 'GET', path: '/a', host: 'localhost' })
  })

  it('sends content, as text or bytes, announced or chunked', async () => {
    expect(await echoOf({ body: 'grün' })).toBe('POST 5 grün')
    expect(await echoOf({ method: 'PUT', body: new Uint8Array([0x61]) })).toBe('PUT 1 a')
    const headers = { 'Transfer-Encoding': 'chunked' }
    expect(await echoOf({ headers, body: '2\r\nab\r\n0\r\n\r\n' })).toBe('POST null ab')
  })

  it('waits for replies that come later, and for all of a stream, past interim ones', async () => {
    const response = await inject(async (c) => {
      c.hints({ Link: '</a>' })
      await new Promise((resolve) => setTimeout(resolve, 5))
      return c.stream(
        (async function* () {
          yield 'a'
          await new Promise((resolve) => setTimeout(resolve, 5))
          yield 'b'
        })(),
      )
    }, '/')
    expect([response.status, await response.text()]).toEqual([200, 'ab'])
  })

  it('gives replies without content, to HEAD as well', async () => {
    expect((await inject((c) => c.empty(), '/')).status).toBe(204)
    const head = await inject((c) => c.text('abc'), '/', { method: 'HEAD' })
    expect([head.headers.get('content-length'), await head.text()]).toEqual(['3', ''])
  })

  it('gives what the server says of a request that is refused', async () => {
    const long = await inject((c) => c.text('no'), `/${'a'.repeat(100)}`, {}, { limits: { targetBytes: 50 } })
    expect(long.status).toBe(414)
    await expect(inject((c) => c.text('no'), '/a b')).rejects.toThrow(TypeError)
  })

  it('rejects when the reply is cut off, and when there is none', async () => {
    const cut = inject((c) => {
      return c.stream(
        (async function* () {
          yield 'a'
          throw new Error('no more')
        })(),
      )
    }, '/')
    await expect(cut).rejects.toMatchObject({ code: 'MESSAGE_INCOMPLETE' })
    const upgrade = inject((c) => c.upgrade(() => {}, { Upgrade: 'x' }), '/', {
      headers: { Upgrade: 'x', Connection: 'Upgrade' },
    })
    await expect(upgrade).rejects.toThrow('taken over')
  })
})
