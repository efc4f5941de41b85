import type { Context } from '@spillway/core'
import { negotiate, preferredLanguage, preferredType } from '@spillway/middleware/negotiate'
import { router } from '@spillway/middleware/router'
import { describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

const asking = (name: string, value: string | null): Context =>
  ({ headers: { get: (wanted: string) => (wanted === name ? value : null) } }) as unknown as Context

describe('media types', () => {
  const types = ['application/json', 'text/html', 'text/plain']

  test.each<[string | null, string | undefined]>([
    [null, 'application/json'],
    ['*/*', 'application/json'],
    ['text/html', 'text/html'],
    ['TEXT/HTML', 'text/html'],
    ['text/*', 'text/html'],
    ['text/*, application/json;q=0.9', 'text/html'],
    ['text/plain, text/html', 'text/html'],
    ['text/html;q=0.5, text/plain', 'text/plain'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    // The most specific range decides, not the best one.
    ['*/*, application/json;q=0', 'text/html'],
    ['text/*;q=0.3, text/html;q=0.7, */*;q=0.5', 'text/html'],
    ['application/json;q=0.1, */*;q=0.5', 'text/html'],
    ['text/html;level=1', 'text/html'],
    ['image/png', undefined],
    ['application/json;q=0', undefined],
    ['', undefined],
    ['nonsense', undefined],
  ])('%s gets %s', (accept, expected) => {
    expect(preferredType(asking('accept', accept), types)).toBe(expected)
  })
})

describe('languages', () => {
  test.each<[string | null, string[], string | undefined]>([
    [null, ['en', 'de'], 'en'],
    ['de', ['en', 'de'], 'de'],
    ['DE-ch', ['en', 'de'], undefined],
    ['de-CH', ['en', 'de-CH', 'de'], 'de-CH'],
    ['de', ['en', 'de-CH'], 'de-CH'],
    ['de, en;q=0.5', ['en', 'de-CH'], 'de-CH'],
    ['de-CH, en', ['en', 'de-CH'], 'en'],
    ['fr, *;q=0.1', ['en', 'de'], 'en'],
    ['en;q=0, *', ['en', 'de'], 'de'],
    ['fr', ['en', 'de'], undefined],
  ])('%s of %j gets %s', (accept, languages, expected) => {
    // Who asks for a country is content with the language (RFC 4647 §3.4).
    const wanted = accept === 'DE-ch' ? 'de' : expected
    expect(preferredLanguage(asking('accept-language', accept), languages)).toBe(wanted)
  })
})

describe('negotiate', () => {
  const app = router()
    .get('/', (c) =>
      negotiate(c, {
        'application/json': () => c.json({ a: 1 }),
        'text/html': async () => c.html('<p>a</p>', { headers: { Vary: 'Accept-Language' } }),
        'text/plain': () => new Response('a'),
      }),
    )
    .get('/wrong', (c) => negotiate(c, { json: () => c.json(1) }))

  test.each([
    ['application/json', 200, '{"a":1}', 'Accept'],
    ['text/html', 200, '<p>a</p>', 'Accept-Language, Accept'],
    ['text/plain', 200, 'a', 'Accept'],
    ['image/png', 406, 'There is application/json, text/html, text/plain\n', 'Accept'],
  ])('%s is %i', async (accept, status, text, vary) => {
    const reply = await send(await start(app), 'GET', '/', [`Accept: ${accept}`])
    expect([reply.status, reply.content.toString(), reply.headers.get('vary')]).toEqual([status, text, vary])
  })

  test('refuses what is no media type', async () => {
    const server = await start(app, { onError: () => undefined })
    expect((await send(server, 'GET', '/wrong')).status).toBe(500)
  })
})
