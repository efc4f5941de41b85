import { csrf } from '@spillway/middleware/csrf'
import { router } from '@spillway/middleware/router'
import { describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

const app = router()
  .use(csrf({ origins: ['https://partner.example'] }))
  .on(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'PURGE'], '/', (c) => c.text('done'))

const status = async (method: string, ...fields: string[]): Promise<number> =>
  (await send(await start(app), method, '/', fields)).status

describe('csrf', () => {
  test.each(['POST', 'PUT', 'DELETE', 'PATCH', 'PURGE'])('refuses %s of another site', async (method) => {
    expect(await status(method, 'Sec-Fetch-Site: cross-site')).toBe(403)
    expect(await status(method, 'Origin: https://evil.example')).toBe(403)
  })

  // CVE-2024-43787, CVE-2024-48913: no exception for any content type, nor for none
  test.each([
    'Content-Type: application/json',
    'Content-Type: Application/X-Www-Form-Urlencoded',
    'Content-Type: text/plain;',
    'X-Requested-With: XMLHttpRequest',
    'X-HTTP-Method-Override: GET',
  ])('refuses it with %s', async (field) => {
    expect(await status('POST', 'Sec-Fetch-Site: cross-site', field)).toBe(403)
  })

  test.each([
    ['another origin of the same site', ['Sec-Fetch-Site: same-site', 'Origin: http://x.test']],
    ['two answers at once', ['Sec-Fetch-Site: same-origin', 'Sec-Fetch-Site: cross-site']],
    ['a word nobody knows', ['Sec-Fetch-Site: Same-Origin']],
    ['a field without a value', ['Sec-Fetch-Site:']],
    ['no origin to speak of', ['Origin: null']],
    ['a frame in a sandbox', ['Origin: null', 'Sec-Fetch-Site: cross-site']],
    ['an origin that looks like ours', ['Origin: http://test.evil.example']],
    ['another port', ['Origin: http://test:8080']],
    ['user information', ['Origin: http://test@evil.example']],
    ['another scheme', ['Origin: ftp://test']],
    ['nonsense', ['Origin: test']],
    ['an empty origin', ['Origin:']],
  ])('refuses %s', async (_, fields) => {
    expect(await status('POST', ...fields)).toBe(403)
  })

  test.each([
    ['our own page', ['Sec-Fetch-Site: same-origin', 'Origin: http://test']],
    ['the user', ['Sec-Fetch-Site: none']],
    ['our own page in an old browser', ['Origin: http://test']],
    ['our own page, with the default port', ['Origin: https://test']],
    ['a client that is no browser', []],
    ['a trusted page', ['Sec-Fetch-Site: cross-site', 'Origin: https://partner.example']],
    ['a trusted page in an old browser', ['Origin: https://partner.example']],
  ])('lets %s through', async (_, fields) => {
    expect(await status('POST', ...fields)).toBe(200)
  })

  test('lets anybody’s reading requests through', async () => {
    expect(await status('GET', 'Sec-Fetch-Site: cross-site')).toBe(200)
    expect(await status('OPTIONS', 'Sec-Fetch-Site: cross-site', 'Origin: https://evil.example')).toBe(204)
  })

  test('behind the name of the host the scheme makes no difference here, the port does', async () => {
    const server = await start(app)
    const own = async (origin: string): Promise<number> =>
      (await fetch(server.url, { method: 'POST', headers: { origin, 'sec-fetch-site': 'same-origin' } })).status
    expect(await own(server.url)).toBe(200)
  })

  test('refuses what is no origin when it is made', () => {
    expect(() => csrf({ origins: ['partner.example'] })).toThrow(TypeError)
    expect(() => csrf({ origins: ['https://*.example'] })).toThrow(TypeError)
  })
})
