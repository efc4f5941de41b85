import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Context, Result } from '@spillway/core'
import { type ConnectMiddleware, connect, toNodeListener } from '@spillway/middleware/connect'
import { router } from '@spillway/middleware/router'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { send, start } from './server.ts'

/** What would have ended the process. */
const deaths: unknown[] = []
const die = (error: unknown): void => void deaths.push(error)
beforeEach(() => {
  deaths.length = 0
  process.on('uncaughtException', die).on('unhandledRejection', die)
  return () => process.off('uncaughtException', die).off('unhandledRejection', die)
})
afterEach(async () => {
  await sleep(20)
  if (deaths.length > 0) throw new Error('It would have ended the process', { cause: deaths[0] })
})

/** What a middleware answers with, and what the server is told of. */
async function answerOf(middleware: ConnectMiddleware): Promise<{ status: number; content: string; told: unknown[] }> {
  const told: unknown[] = []
  const onError = (error: unknown): void => void told.push(error)
  const server = await start(
    router()
      .use(connect(middleware))
      .get('/', (c) => c.text('behind')),
    { onError },
  )
  const { status, content } = await send(server, 'GET', '/')
  await sleep(10)
  return { status, content: content.toString(), told }
}

/** The code of what a call of the response throws, or what it gives. */
const thrownBy = async (call: (res: any) => unknown): Promise<unknown> => {
  let thrown: unknown
  await answerOf((_req, res, next) => {
    try {
      thrown = ['fine', call(res)]
    } catch (error) {
      thrown = (error as { code?: string }).code
    }
    next()
  })
  return thrown
}

describe('fields', () => {
  test.each([
    ['x', 'a\nb', 'ERR_INVALID_CHAR'],
    ['x', 'a\0', 'ERR_INVALID_CHAR'],
    ['x', '日本', 'ERR_INVALID_CHAR'],
    ['x', ['a', 'b\r\n'], 'ERR_INVALID_CHAR'],
    ['x', undefined, 'ERR_HTTP_INVALID_HEADER_VALUE'],
    ['a b', 'x', 'ERR_INVALID_HTTP_TOKEN'],
    ['', 'x', 'ERR_INVALID_HTTP_TOKEN'],
    [null, 'x', 'ERR_INVALID_HTTP_TOKEN'],
  ])('%j: %j are refused as by Node, by whatever they are set', async (name, value, code) => {
    expect(await thrownBy((res) => res.setHeader(name, value))).toBe(code)
    expect(await thrownBy((res) => res.appendHeader(name, value))).toBe(code)
    const inHead = (res: any): unknown => res.writeHead(200, [[name, value]])
    expect(await thrownBy(inHead)).toBe(code)
  })

  test.each([null, {}, 5, true, ' x ', ['a', 'b']])('%j is a value, as it is for Node', async (value) => {
    const { status } = await answerOf((_req, res) => {
      res.setHeader('x-field', value)
      res.end('x')
    })
    expect(status).toBe(200)
  })

  test.each([99, 1000, 'abc', undefined])('%j is no status, and the reply is a 500', async (status) => {
    const { status: answered, told } = await answerOf((_req, res) => res.writeHead(status).end())
    expect(answered).toBe(500)
    expect(told).toMatchObject([{ code: 'ERR_HTTP_INVALID_STATUS_CODE' }])
  })

  test('a status that no final reply has is a 500', async () => {
    const { status, told } = await answerOf((_req, res) => res.writeHead(600).end())
    expect([status, told.length]).toEqual([500, 1])
  })
})

describe('what fails when the reply is on its way', () => {
  test.each<[string, ConnectMiddleware]>([
    ['a write', (_req, res) => void (res.end('whole'), res.write('more'))],
    ['an end with content', (_req, res) => void (res.end('whole'), res.end('more'))],
    ['a head', (_req, res) => void (res.end('whole'), res.writeHead(404))],
    ['a throw', (_req, res) => (res.end('whole'), fail('late'))],
    ['a rejection', (_req, res) => (res.end('whole'), Promise.reject(new Error('late')))],
    ['an error given to next', (_req, res, next) => (res.end('whole'), next(new Error('late')))],
    ['next', (_req, res, next) => (res.end('whole'), next())],
  ])('changes nothing behind its end, and is told: %s', async (_, middleware) => {
    const { status, content, told } = await answerOf(middleware)
    expect([status, content, told.length]).toEqual([200, 'whole', 1])
  })

  test('a callback of a write behind the end hears of it', async () => {
    const heard: unknown[] = []
    await answerOf((_req, res) => {
      res.end('whole')
      res.write('more', (error: { code: string }) => heard.push(error.code))
    })
    expect(heard).toEqual(['ERR_STREAM_WRITE_AFTER_END'])
  })

  test('cuts content that is not complete', async () => {
    const { content, told } = await answerOf((_req, res) => {
      res.write('part')
      return sleep(20).then(() => fail('midway'))
    })
    expect([content, told.map((error) => (error as Error).message)]).toEqual(['part', ['midway']])
  })

  test.each(['finish', 'close', 'prefinish'])('listeners on %s that throw or reject are told', async (event) => {
    const { status, told } = await answerOf((_req, res) => {
      res.on(event, () => fail('listener'))
      res.on(event, () => Promise.reject(new Error('listener')))
      res.end('whole', () => fail('callback'))
    })
    expect(status).toBe(200)
    expect(told.map((error) => (error as Error).message)).toContain('listener')
  })

  test('errors that fail when they are looked at', async () => {
    const evil = new Proxy(new Error('x'), {
      get: () => fail('trap'),
      getPrototypeOf: () => fail('trap'),
      has: () => fail('trap'),
    })
    const { status, told } = await answerOf((_req, _res, next) => next(evil))
    expect([status, told.length]).toEqual([500, 1])
  })
})

describe('what is no middleware', () => {
  test('nor is what cannot be called', () => {
    expect(() => connect('x' as unknown as ConnectMiddleware)).toThrow(TypeError)
  })

  test('a router that node:http calls says so in its reply', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => print.mockRestore())
    const server = createServer(router().get('/', (c) => c.text('x')) as never)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => server.close().closeAllConnections())
    const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('TypeError: A router')])
    expect(print).toHaveBeenCalledTimes(1)
    expect(() => (router() as (c: unknown) => unknown)({})).toThrow(TypeError)
  })
})

describe('in node:http', () => {
  test.each<[string, (c: Context) => unknown]>([
    ['content that is none', (c) => Object.assign(c.text(''), { body: 5 })],
    ['an object', (c) => c.stream({} as never)],
    ['pieces that are none', (c) => c.stream([5] as never)],
    ['a status that is none', (c) => c.text('x', 99)],
  ])('%s ends no process, and the next request is answered', async (_, handler) => {
    const told: unknown[] = []
    const failing = (error: unknown): Result => (told.push(error), fail('onError'))
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => print.mockRestore())
    const listener = toNodeListener((c) => (c.path === '/fine' ? c.text('fine') : (handler(c) as Result)), {
      onError: failing,
    })
    const server = createServer(listener)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    onTestFinished(() => server.close().closeAllConnections())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await fetch(url)).status).toBe(500)
    expect(told.length).toBe(1)
    expect(await (await fetch(`${url}/fine`)).text()).toBe('fine')
  })
})

function fail(message: string): never {
  throw new Error(message)
}
