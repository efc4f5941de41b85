import { proxy } from '@spillway/middleware/proxy'
import { router } from '@spillway/middleware/router'
import { describe, expect, test } from 'vitest'
import { client, group, rawUpstream } from './proxy-support.ts'
import { start } from './server.ts'

/** What becomes of a field on its way from a server to a client that asked below /app. */
async function seen(field: string, base = '', isMounted = true): Promise<string> {
  let at = ''
  const upstream = await rawUpstream((socket) => {
    socket.write(`HTTP/1.1 302 Found\r\n${field.replaceAll('SERVER', at)}\r\nContent-Length: 0\r\n\r\n`)
  })
  at = `127.0.0.1:${upstream.port}`
  const handler = proxy(group([`${upstream.url}${base}`]), { rewrite: true })
  const server = await start(isMounted ? router().mount('/app', handler) : handler)
  const asking = client(server, `GET /app/x HTTP/1.1\r\nHost: site.example\r\n\r\n`)
  const text = await asking.reads('\r\n\r\n')
  const name = field.split(':')[0]!.toLowerCase()
  return text
    .split('\r\n')
    .filter((line) => line.toLowerCase().startsWith(`${name}:`))
    .join('\n')
}

describe('places are those that the client sees', () => {
  test.each([
    // of the server itself
    ['Location: http://SERVER/login?a=b#c', 'Location: /app/login?a=b#c'],
    ['Location: http://SERVER', 'Location: /app/'],
    ['Content-Location: http://SERVER/x', 'Content-Location: /app/x'],
    ['Refresh: 0; url=http://SERVER/x', 'Refresh: 0; url=/app/x'],
    ['Refresh: 5;URL="/x"', 'Refresh: 5;URL="/app/x"'],
    ['Refresh: 5', 'Refresh: 5'],
    // below the server's root
    ['Location: /login', 'Location: /app/login'],
    ['Location: /', 'Location: /app/'],
    ['Location: http://site.example/login', 'Location: http://site.example/app/login'],
    // known already
    ['Location: /app/login', 'Location: /app/login'],
    ['Location: /app', 'Location: /app'],
    ['Location: /app?x', 'Location: /app?x'],
    ['Location: /application', 'Location: /app/application'],
    // relative ones, and those of others
    ['Location: login', 'Location: login'],
    ['Location: ?x', 'Location: ?x'],
    ['Location: //other.example/x', 'Location: //other.example/x'],
    [String.raw`Location: /\other.example/x`, String.raw`Location: /\other.example/x`],
    ['Location: https://other.example/x', 'Location: https://other.example/x'],
    ['Location: https://SERVER/x', /^Location: https:\/\/127/],
    ['Location: http://[broken', 'Location: http://[broken'],
    ['Location: mailto:a@b.example', 'Location: mailto:a@b.example'],
  ])('%s', async (field, expected) => {
    expect(await seen(field)).toMatch(expected instanceof RegExp ? expected : new RegExp(`^${escaped(expected)}$`))
  })

  test.each([
    ['Set-Cookie: a=b; Path=/', 'Set-Cookie: a=b; Path=/app'],
    ['Set-Cookie: a=b; path=/admin; HttpOnly', 'Set-Cookie: a=b; path=/app/admin; HttpOnly'],
    ['Set-Cookie: a=b; Path=/app; Secure', 'Set-Cookie: a=b; Path=/app; Secure'],
    ['Set-Cookie: a=b', 'Set-Cookie: a=b'],
    ['Set-Cookie: a="Path=/"; Domain=127.0.0.1; Max-Age=5', 'Set-Cookie: a="Path=/"; Max-Age=5'],
    ['Set-Cookie: a=b; Domain=site.example', 'Set-Cookie: a=b; Domain=site.example'],
    ['Set-Cookie: __Host-a=b; Path=/; Secure', 'Set-Cookie: __Host-a=b; Path=/; Secure'],
    ['Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2', 'Set-Cookie: a=1; Path=/app\nSet-Cookie: b=2'],
  ])('%s', async (field, expected) => {
    expect(await seen(field)).toBe(expected)
  })

  test('without a path that was taken off, or with one that was put on', async () => {
    expect(await seen('Location: http://SERVER/login', '', false)).toBe('Location: /login')
    expect(await seen('Location: /login', '', false)).toBe('Location: /login')
    expect(await seen('Location: /v1/login', '/v1', false)).toBe('Location: /login')
    expect(await seen('Location: /v1', '/v1')).toBe('Location: /app/')
    expect(await seen('Location: /v12', '/v1')).toBe('Location: /app/v12')
    expect(await seen('Set-Cookie: a=b; Path=/v1/x', '/v1')).toBe('Set-Cookie: a=b; Path=/app/x')
    expect(await seen('Set-Cookie: a=b; Path=/', '', false)).toBe('Set-Cookie: a=b; Path=/')
  })
})

function escaped(text: string): string {
  return text.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)
}
