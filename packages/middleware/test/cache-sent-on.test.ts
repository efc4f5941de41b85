import type { Handler } from '@spillway/core'
import { wrap } from '@spillway/middleware'
import { cache } from '@spillway/middleware/cache'
import { client } from '@spillway/middleware/client'
import { type ProxyOptions, proxy, upstreams } from '@spillway/middleware/proxy'
import { describe, expect, onTestFinished, test } from 'vitest'
import { reply } from './caching.ts'
import { start } from './server.ts'
import { ask } from './wire.ts'

const fresh = 'Cache-Control: max-age=60'

type Get = (fields?: readonly string[], target?: string) => Promise<string>

/** A cache in front of a proxy in front of an application; `get` gives the status and text of what comes back. */
async function chain(
  application: Handler,
  options: ProxyOptions = {},
  ...between: Parameters<typeof wrap>[0][number][]
): Promise<Get> {
  const origin = await start(application)
  const group = upstreams([origin.url])
  onTestFinished(() => group.close())
  const server = await start(wrap([cache(), ...between], proxy(group, options)))
  return async (fields = [], target = '/') => {
    const { status, content } = await ask(server, `GET ${target}`, { fields })
    return `${status} ${String(content)}`
  }
}

/** Answers with what a field says, and that it depends on it; 404 without it. */
function tenants(name: string, ...more: readonly string[]): Handler {
  return (c) => {
    const tenant = c.headers.get(name)
    const made = reply(tenant ?? 'nobody', fresh, ...more)
    made.status = tenant === null ? 404 : 200
    return made
  }
}

/** Answers with a number of its own each time, to the target as it was sent. */
async function counting(): Promise<(line: string) => Promise<string>> {
  let asked = 0
  const server = await start(wrap([cache()], () => reply(String(++asked), fresh)))
  return async (line) => String((await ask(server, line)).content)
}

describe('a reply to a request that was changed on its way is not kept for the one that came in', () => {
  test.each([
    ['that says what it depends on', ['Vary: X-Tenant']],
    ['that does not', []],
  ])('a field that Connection names, and a reply %s', async (_, vary) => {
    const get = await chain(tenants('x-tenant', ...vary))
    expect(await get(['X-Tenant: acme', 'Connection: X-Tenant'])).toBe('404 nobody')
    expect(await get(['X-Tenant: acme'])).toBe('200 acme')
    // and what is kept is not given out for it
    expect(await get(['X-Tenant: acme', 'Connection: close, x-tenant'])).toBe('404 nobody')
  })

  test('a field that the proxy writes', async () => {
    const get = await chain(tenants('x-user', 'Vary: X-User'), {
      headers: (c) => ({ 'X-User': /user=(\w+)/.exec(c.headers.get('cookie') ?? '')?.[1] ?? 'nobody' }),
    })
    expect(await get(['Cookie: user=alice'])).toBe('200 alice')
    expect(await get(['Cookie: user=bob'])).toBe('200 bob')
    expect(await get(['Cookie: user=bob', 'X-User: alice'])).toBe('200 bob')
  })

  test.each(['X-Forwarded-For', 'X-Forwarded-Prefix', 'Forwarded', 'X-Real-IP', 'X-Original-URL', 'Via', 'X_Tenant'])(
    '%s, which is removed or written by rule',
    async (name) => {
      let asked = 0
      const get = await chain(() => reply(String(++asked), fresh, `Vary: Accept, ${name}`))
      expect(await get([`${name}: same`])).toBe('200 1')
      expect(await get([`${name}: same`])).toBe('200 2')
    },
  )

  test('Host, if it is not the client’s', async () => {
    let asked = 0
    const application: Handler = () => reply(String(++asked), fresh, 'Vary: Host')
    const same = await chain(application)
    expect([await same(), await same()]).toEqual(['200 1', '200 1'])
    const other = await chain(application, { host: 'upstream' })
    expect([await other(), await other()]).toEqual(['200 2', '200 3'])
  })

  test('a field that a layer between changes', async () => {
    const get = await chain(tenants('accept-language', 'Vary: Accept-Language'), {}, (c, next) => {
      const [, chosen = 'en'] = /lang=(\w+)/.exec(c.headers.get('cookie') ?? '') ?? []
      const headers = Object.assign(Object.create(c.headers) as typeof c.headers, {
        get: (name: string) => (name === 'accept-language' ? chosen : c.headers.get(name)),
        getAll: (name: string) => (name === 'accept-language' ? [chosen] : c.headers.getAll(name)),
        *[Symbol.iterator]() {
          yield ['accept-language', chosen]
        },
      })
      return next(
        new Proxy(c, { get: (_, key) => (key === 'headers' ? headers : (Reflect.get(c, key, c) as unknown)) }),
      )
    })
    expect(await get(['Accept-Language: de', 'Cookie: lang=fr'])).toBe('200 fr')
    expect(await get(['Accept-Language: de', 'Cookie: lang=de'])).toBe('200 de')
  })

  test('Authorization that the proxy adds', async () => {
    let asked = 0
    const options: ProxyOptions = { headers: () => ({ Authorization: 'Basic eDp5' }) }
    const get = await chain(() => reply(String(++asked), fresh), options)
    expect([await get(), await get()]).toEqual(['200 1', '200 2'])
    const open = await chain(() => reply(String(++asked), `${fresh}, public`), options)
    expect([await open(), await open()]).toEqual(['200 3', '200 3'])
  })

  test.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])('%s', async (name) => {
    let asked = 0
    const get = await chain((c) => reply(`${++asked}${c.headers.get(name) ?? ''}`, fresh))
    expect(await get([`${name}: DELETE`])).toBe('200 1DELETE')
    expect(await get()).toBe('200 2')
    expect(await get()).toBe('200 2')
    // who means another method by it has changed something
    expect(await get([`${name}: DELETE`])).toBe('200 3DELETE')
    expect(await get()).toBe('200 4')
  })

  test('another protocol is asked for, whatever is kept', async () => {
    let asked = 0
    const get = await chain(() => reply(String(++asked), fresh))
    expect([await get(), await get()]).toEqual(['200 1', '200 1'])
    expect(await get(['Connection: Upgrade', 'Upgrade: websocket'])).toBe('200 2')
  })

  test('but what goes on as it came is kept', async () => {
    let asked = 0
    const get = await chain(() => reply(String(++asked), fresh, 'Vary: Accept-Encoding, X-Tenant, Cookie'))
    const fields = ['Accept-Encoding: br', 'X-Tenant: acme', 'Cookie: a=1', 'Connection: keep-alive, X-Absent']
    expect([await get(fields), await get(fields)]).toEqual(['200 1', '200 1'])
  })
})

describe('one resource', () => {
  test.each(['/%70', '/p/', '/./p', '/x/../p', '/%2e/p', '//p', '/P/../p'])(
    'is changed under whatever spelling: %s',
    async (spelling) => {
      const send = await counting()
      expect([await send('GET /p'), await send('GET /p')]).toEqual(['1', '1'])
      await send(`PUT ${spelling}`)
      expect(await send('GET /p')).toBe('3')
      // and the other way round
      const before = await send(`GET ${spelling}`)
      expect(await send(`GET ${spelling}`)).toBe(before)
      await send('PUT /p')
      expect(await send(`GET ${spelling}`)).not.toBe(before)
    },
  )

  test('and with a query', async () => {
    const send = await counting()
    expect([await send('GET /p?a=%7e'), await send('GET /p?a=%7e'), await send('GET /p')]).toEqual(['1', '1', '2'])
    await send('DELETE /%70?a=~')
    expect([await send('GET /p?a=%7e'), await send('GET /p')]).toEqual(['4', '2'])
  })

  test('by a host with its default port', async () => {
    const send = await counting()
    expect([await send('GET http://h/p'), await send('GET http://h/p')]).toEqual(['1', '1'])
    await send('PUT http://H:80/p')
    expect(await send('GET http://h/p')).toBe('3')
  })

  test('is not given out for a spelling that whoever answers may tell from it', async () => {
    const server = await start(
      wrap([cache()], (c) => {
        const made = reply(c.target, fresh)
        made.status = c.target === '/p' ? 200 : 404
        return made
      }),
    )
    expect((await ask(server, 'GET /%70')).status).toBe(404)
    expect((await ask(server, 'GET /p')).status).toBe(200)
  })

  test('is not given out for another Host that a trusted proxy passes on beside the client’s', async () => {
    const trusted = client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-host'] })
    const server = await start(wrap([trusted, cache()], (c) => reply(c.url, fresh)))
    const get = async (host: string): Promise<string> => {
      const fields = ['X-Forwarded-Host: shop.example']
      return String((await ask(server, `GET http://${host}/`, { fields })).content)
    }
    expect([await get('a.example'), await get('b.example')]).toEqual(['http://a.example/', 'http://b.example/'])
  })
})
