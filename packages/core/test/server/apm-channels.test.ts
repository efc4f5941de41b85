import { AsyncLocalStorage } from 'node:async_hooks'
import { type Channel, channel, tracingChannel } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { type Handler, HttpError, channels } from '../../src/index.ts'
import { ask, protocols } from '../both-protocols.ts'
import { muteErrors, turn } from '../support.ts'

muteErrors()

/** Listens to channels of these names while `run` runs. */
async function heard(names: readonly string[], run: () => Promise<unknown>): Promise<[name: string, message: any][]> {
  const seen: [string, unknown][] = []
  const stops = names.map((name) => {
    const at: Channel = channel(name)
    const listener = (message: unknown): void => void seen.push([name, message])
    at.subscribe(listener)
    return () => at.unsubscribe(listener)
  })
  try {
    await run()
    await turn()
  } finally {
    for (const stop of stops) stop()
  }
  return seen
}

const answering: Handler = (c) =>
  c.text('hi', {
    status: 201,
    headers: [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['X', '1'],
      ['X', '2'],
    ],
  })

const nodes = ['http.server.response.created', 'http.server.request.start', 'http.server.response.finish']

describe.each(protocols)('the channels of Node’s own server, over %s', (protocol) => {
  it('tell of an exchange', async () => {
    const seen = await heard(nodes, () => ask(protocol, answering))
    expect(seen.map(([name]) => name)).toEqual(nodes)
    const [{ request, response }, start, finish] = seen.map(([, message]) => message)
    expect([request.method, request.url, request.httpVersion]).toEqual([
      'GET',
      '/',
      protocol === 'HTTP/2' ? '2.0' : '1.1',
    ])
    expect(request.headers.host).toBe(protocol === 'HTTP/2' ? 'localhost' : 'a')
    expect(request.rawHeaders.length % 2).toBe(0)
    expect(start.socket).toEqual({ remoteAddress: '127.0.0.1', remotePort: expect.any(Number), encrypted: false })
    expect([start.request === request, finish.request === request]).toEqual([true, true])
    expect([start.response === response, finish.response === response]).toEqual([true, true])
    expect([response.statusCode, response.statusMessage, response.headersSent]).toEqual([201, 'Created', true])
    expect(response.req).toBe(request)
    expect(response.writableEnded).toBe(true)
    expect([response.getHeader('X'), response.getHeader('set-cookie')]).toEqual(['1, 2', ['a=1', 'b=2']])
    expect([response.hasHeader('Content-Type'), response.hasHeader('none')]).toEqual([true, false])
    expect(response.getHeaderNames()).toContain('content-type')
  })

  it('know nothing of a reply before there is one', async () => {
    const early: unknown[] = []
    await heard(nodes, () =>
      ask(protocol, (c) => {
        early.push(c.path)
        return c.text('a')
      }),
    ).then(([created]) => early.push(created![0]))
    expect(early).toEqual(['/', 'http.server.response.created'])
  })

  it('one of them alone is enough', async () => {
    for (const name of nodes) {
      const seen = await heard([name], () => ask(protocol, (c) => c.text('a', 202)))
      expect(seen.map(([, { response }]) => response.statusCode)).toEqual([202])
    }
  })

  it('what a listener puts into the context is there for the handler', async () => {
    const store = new AsyncLocalStorage<string>()
    const enter = (): void => store.enterWith('span')
    const at = channel('http.server.request.start')
    at.subscribe(enter)
    try {
      const { body } = await ask(protocol, async (c) => (await sleep(1), c.text(String(store.getStore()))))
      expect(body).toBe('span')
    } finally {
      at.unsubscribe(enter)
    }
  })
})

const trace = (...names: readonly string[]): string[] => names.map((name) => `tracing:spillway.handler:${name}`)
const all = trace('start', 'end', 'asyncStart', 'asyncEnd', 'error')

describe.each(protocols)('the trace of handlers, over %s', (protocol) => {
  const shown = async (handler: Handler): Promise<[names: string[], about: any]> => {
    const seen = await heard(all, () => ask(protocol, handler))
    const [first] = seen
    for (const [, message] of seen) expect(message).toBe(first![1])
    return [seen.map(([name]) => name), first![1]]
  }

  it('of one that answers at once', async () => {
    const [names, about] = await shown((c) => c.text('a'))
    expect(names).toEqual(trace('start', 'end'))
    expect([about.context.method, about.exchange, about.result.status]).toEqual(['GET', 1, 200])
  })

  it('of one that answers later', async () => {
    const [names, about] = await shown(async (c) => (await sleep(1), c.text('a', 202)))
    expect(names).toEqual(trace('start', 'end', 'asyncStart', 'asyncEnd'))
    expect(about.result.status).toBe(202)
  })

  it('of one that throws, and of one that rejects', async () => {
    const error = new HttpError(418, 'tea')
    const [names, about] = await shown(() => {
      throw error
    })
    expect([names, about.error]).toEqual([trace('start', 'error', 'end'), error])
    const [later, rejected] = await shown(() => Promise.reject(error))
    expect([later, rejected.error]).toEqual([trace('start', 'end', 'error', 'asyncStart', 'asyncEnd'), error])
  })

  it('is a TracingChannel, whose stores hold for all that is called later', async () => {
    const store = new AsyncLocalStorage<unknown>()
    const tracing = tracingChannel<unknown, { context: { path: string } }>('spillway.handler')
    tracing.start.bindStore(store, ({ context }) => context.path)
    const seen: unknown[] = []
    try {
      await ask(protocol, async (c) => {
        c.done(() => seen.push(store.getStore()))
        seen.push(store.getStore())
        await sleep(1)
        seen.push(store.getStore())
        return c.text('a')
      })
    } finally {
      tracing.start.unbindStore(store)
    }
    await turn()
    expect(seen).toEqual(['/', '/', '/'])
  })
})

describe.each(protocols)('events of an exchange, over %s', (protocol) => {
  it('carry its context, always the same', async () => {
    const contexts = new Set<unknown>()
    const note = ({ context }: { context: unknown }): unknown => contexts.add(context)
    const names = ['request', 'reply', 'end'] as const
    for (const name of names) channels[name].subscribe(note)
    await ask(protocol, (c) => {
      contexts.add(c)
      return c.text('a')
    })
    await turn()
    for (const name of names) channels[name].unsubscribe(note)
    expect(contexts.size).toBe(1)
  })
})
