import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writePages } from '../../../packages/inspect/pages.ts'
import { site } from '../tsup.config.ts'
import { request } from 'node:http'
import { createServer } from 'node:net'
import type { ParseErrorCode } from '@spillway/parser'
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isOwnRequest } from '@spillway/inspect/parts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import {
  type CloseEvent,
  type EndEvent,
  type OpenEvent,
  type Reason,
  type RequestEvent,
  type Wire,
  type WireEvent,
  readBytes,
} from '@spillway/inspect/model'
import type { Run, Tried } from '../src/model/tried.ts'
import { Watcher, rawClient } from './clients.ts'

const folder = mkdtempSync(join(tmpdir(), 'wire-lab-pages-'))
writePages(folder, site)
afterAll(() => rmSync(folder, { recursive: true }))
const root = pathToFileURL(`${folder}/`)
const timeouts = { head: 1_500, keepAlive: 60_000, linger: 200 }
let lab: Lab
let watcher: Watcher

beforeEach(async () => {
  lab = await startLab({ root, port: 0, timeouts })
  watcher = new Watcher(lab.url)
  await watcher.first()
})

afterEach(async () => {
  await watcher.leave()
  await lab.close(50)
})

const isOwnHost = (host: string) => isOwnRequest({ headers: new Headers({ host }) as never }, true)
const isOpen = (event: WireEvent): event is OpenEvent => event.type === 'open'
const isClose = (event: WireEvent): event is CloseEvent => event.type === 'close'
const isEnd = (event: WireEvent): event is EndEvent => event.type === 'end'
const isDrain = (event: WireEvent): boolean => event.type === 'server' && event.what === 'drains'
const isRequest = (event: WireEvent): event is RequestEvent => event.type === 'request'

/** A request with any fields: `fetch` sets some itself and does not let them be chosen. */
function ask(method: string, path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${lab.url}${path}`, { method, headers, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode!))
    })
    sent.on('error', reject).end()
  })
}

async function attempt(name: string): Promise<Tried> {
  const response = await fetch(`${lab.url}/api/try/${name}`, { method: 'POST' })
  expect(response.status).toBe(200)
  return (await response.json()) as Tried
}

describe('the live feed', () => {
  it('shows a stranger’s request with its bytes, its reply and why the connection ended', async () => {
    const text = 'GET /api/time?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
    const received = await rawClient(lab.port, text).received
    const { connection, reason, bytesIn, bytesOut } = await watcher.until(isClose)
    expect({ reason, bytesIn, bytesOut }).toEqual({
      reason: 'client-asked',
      bytesIn: text.length,
      bytesOut: received.length,
    })
    const seen = watcher.events.filter((event) => event.connection === connection)
    expect(seen.map(({ type }) => type)).toEqual(['open', 'head', 'request', 'reply', 'end', 'fin', 'fin', 'close'])
    expect(seen.find(isRequest)).toMatchObject({ method: 'GET', target: '/api/time?x', bytes: text.length })
    expect(seen.find(isEnd)).toMatchObject({ status: 200, bytes: received.length })
    expect(received).toContain(`"connection":${connection}}`)
  })

  it('tells that a connection is kept only after its reply has left', async () => {
    const { socket } = rawClient(lab.port, 'GET /api/time HTTP/1.1\r\nHost: a\r\n\r\n')
    const idle = await watcher.until((event): event is WireEvent & { type: 'idle' } => event.type === 'idle')
    const types = watcher.events.filter((event) => event.connection === idle.connection).map(({ type }) => type)
    expect(types).toEqual(['open', 'head', 'request', 'reply', 'end', 'idle'])
    socket.end()
    expect(await watcher.until(isClose)).toMatchObject({ reason: 'client-closed' })
  })

  it('begins with what is open at the time, and marks the viewer itself', async () => {
    const { socket } = rawClient(lab.port, 'GET /api/time HTTP/1.1\r\nHost: a\r\n\r\n')
    await watcher.until(isEnd)
    const late = new Watcher(lab.url)
    const { open, you, totals, recent, server } = await late.first()
    expect(open.map(({ role }) => role)).toEqual(['viewer', 'visitor', 'viewer'])
    expect(open.at(-1)!.id).toBe(you)
    expect(open[1]!.exchanges).toMatchObject([{ target: '/api/time', status: 200 }])
    expect(totals).toMatchObject({ open: 3, requests: 3 })
    expect(recent.length).toBeGreaterThan(5)
    expect(server).toMatchObject({ url: lab.url, keepAliveMs: 60_000, control: true })
    socket.destroy()
    await late.leave()
  })

  it('lets go of viewers that leave', async () => {
    const late = new Watcher(lab.url)
    const { you } = await late.first()
    await late.leave()
    const gone = await watcher.until((event): event is CloseEvent => isClose(event) && event.connection === you)
    expect(gone.reason).toMatch(/^client-/)
  })

  it('ends at once when the server closes', async () => {
    // Far longer than a test may take: streams left open until the deadline would fail this one.
    await Promise.all([lab.close(600_000), watcher.ended])
    await expect(fetch(lab.url)).rejects.toThrow('fetch failed')
  })
})

describe('the site', () => {
  it('is served from disk, under a strict policy', async () => {
    const page = await fetch(lab.url)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'")
    expect(await page.text()).toContain('<title>Spillway wire lab</title>')
    const again = await fetch(lab.url, { headers: { 'if-none-match': page.headers.get('etag')! } })
    expect(again.status).toBe(304)
  })

  it('tells the time, and on which connection', async () => {
    const response = await fetch(`${lab.url}/api/time`)
    const { time, connection } = (await response.json()) as { time: string; connection: number }
    expect(Math.abs(Date.parse(time) - Date.now())).toBeLessThan(60_000)
    expect(connection).toBeGreaterThan(1)
  })

  it('has a page for what is missing, and a line for programs', async () => {
    const page = await fetch(`${lab.url}/nope`, { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
    expect((await fetch(`${lab.url}/nope`)).headers.get('content-type')).toBe('text/plain; charset=utf-8')
  })
})

/** What came back on a connection of the lab's client. */
const received = (run: Run | undefined) => Buffer.from(run?.received ?? '', 'base64').toString('latin1')
const sent = (run: Run | undefined) => Buffer.from(run?.sent ?? '', 'base64').toString('latin1')
const isCloseOf =
  (run: Run | undefined) =>
  (event: WireEvent): event is CloseEvent =>
    isClose(event) && event.connection === run?.connection

/** Tries with a single connection: the status lines received, why the connection ended, and the error if there is one. */
const singles: [name: string, statuses: string, reason: Reason, error?: ParseErrorCode][] = [
  ['http-1.0', '200', 'http-1.0'],
  ['http-1.1', '200 200', 'client-asked'],
  ['pipeline', '200 200 200', 'client-asked'],
  ['leaves', '200', 'client-reset'],
  ['chunked', '200', 'client-asked'],
  ['continue', '100 200', 'client-asked'],
  ['range', '206', 'client-asked'],
  ['websocket', '101', 'upgraded'],
  ['crash', '500', 'client-asked'],
  ['crash-late', '200', 'handler-error'],
  ['slow-client', '200', 'client-asked'],
  ['slow-head', '408', 'head-timeout'],
  ['large-head', '431', 'head-too-large', 'HEAD_TOO_LARGE'],
  ['cl-te', '400', 'parse-error', 'CODING_WITH_LENGTH'],
  ['two-lengths', '400', 'parse-error', 'LENGTH_CONFLICT'],
  ['te-obfuscated', '400', 'parse-error', 'CODING_INVALID'],
  ['name-space', '400', 'parse-error', 'FIELD_NAME_WHITESPACE'],
  ['bare-lf', '400', 'parse-error', 'INVALID_LINE_END'],
  ['two-hosts', '400', 'parse-error', 'HOST_REPEATED'],
  ['bad-chunk', '400', 'parse-error', 'CHUNK_END_INVALID'],
]

const beginDrain = async () => {
  const began = await fetch(`${lab.url}/api/try/drain`, { method: 'POST' })
  expect(began.status).toBe(202)
}

const drained = async (): Promise<Tried> => {
  for (;;) {
    const response = await fetch(`${lab.url}/api/try/drain`).catch(() => undefined)
    if (response?.status === 200) return (await response.json()) as Tried
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

describe('the lab’s own client', () => {
  it('speaks HTTP/2: a quick one does not wait for a slow one', async () => {
    const { runs, facts } = await attempt('multiplexing')
    expect(facts.map(([name]) => name)).toEqual([1, 3, 5, 7, 9, 11].map((stream) => `Stream ${stream}`))
    const times = facts.map(([, text]) => {
      expect(text).toMatch(/^200 after /)
      return Number.parseFloat(text.slice(10))
    })
    expect(Math.max(...times.slice(1))).toBeLessThan(times[0]!)
    expect(readBytes(Buffer.from(runs[0]!.sent, 'base64'), 'request').messages.map(({ line }) => line)).toContain(
      'HEADERS on stream 11',
    )
  })

  it('is cut off when it gives up each request at once, and says why', async () => {
    const { runs } = await attempt('rapid-reset')
    const [run] = runs
    await expect
      .poll(() => lab.recorder.state.closed.find(({ id }) => id === run!.connection)?.close)
      .toMatchObject({
        reason: 'abuse',
      })
  })

  it.each(singles)('%s: %s, %s', async (name, statuses, reason, error) => {
    const { runs, title } = await attempt(name)
    expect(runs).toHaveLength(1)
    expect(
      received(runs[0])
        .match(/(?<=HTTP\/1\.1 )\d+/g)
        ?.join(' '),
    ).toBe(statuses)
    const closed = await watcher.until(isCloseOf(runs[0]))
    expect(closed.reason).toBe(reason)
    // In some tries one side stops early, so the two counts need not agree.
    const { total } = runs[0]!
    const cut = ['leaves', 'slow-head', 'large-head'].includes(name)
    const whole = closed.bytesIn === total.sent && closed.bytesOut === total.received
    expect(whole || cut).toBe(true)
    const own = watcher.events.filter((event) => event.connection === runs[0]!.connection)
    expect(own.filter((event) => event.type === 'refused').map(({ code }) => code)).toEqual(error ? [error] : [])
    expect(own.find((event) => 'label' in event && event.label !== '')).toMatchObject({ role: 'lab', label: title })
  })

  it.each([
    ['bad-chunk', /\r\n\r\n5\r\nsmugg$/],
    ['bare-lf', /\r\nX-A: 1$/],
  ])('counts to the wrong byte of %s from the beginning of its message', async (name, before) => {
    const { runs } = await attempt(name)
    await watcher.until(isCloseOf(runs[0]))
    const { error } = lab.recorder.state.closed.find(({ id }) => id === runs[0]!.connection)!
    expect(sent(runs[0]).slice(0, error!.offset)).toMatch(before)
  })

  it('knows the bytes of each connection', async () => {
    const { runs } = await attempt('chunked')
    await watcher.until(isCloseOf(runs[0]))
    const { segments } = (await (await fetch(`${lab.url}/api/wire/${runs[0]!.connection}`)).json()) as Wire
    expect(segments).toHaveLength(1)
    expect([segments[0]!.in, segments[0]!.out]).toEqual([runs[0]!.sent, runs[0]!.received])
    expect(received(runs[0])).toMatch(/77 bytes in \d+ reads, and the trailer x-pieces: 3/)
    expect(sent(runs[0])).toMatch(/0\r\nX-Pieces: 3\r\n\r\n$/)
  })

  it('measures what keep-alive saves', async () => {
    const { facts } = await attempt('keep-alive')
    expect(
      facts
        .map(([, value]) => value)
        .slice(0, 2)
        .join(),
    ).toMatch(/^20 replies in .+,20 replies in /)
    const { open, closed } = lab.recorder.state
    const own = [...open.values(), ...closed].filter(({ label }) => label.startsWith('Keep-alive'))
    expect(own.map(({ requests }) => requests).toSorted((a, b) => b - a)).toEqual([
      20,
      ...Array.from({ length: 20 }, () => 1),
    ])
  })

  it('unpacks nothing: a compressed reply is shorter', async () => {
    const { runs, facts } = await attempt('compressed')
    expect(runs[0]!.total.received).toBeLessThan(runs[1]!.total.received)
    expect(facts[0]![1]).toMatch(/ of \d+, gzip$/)
  })

  it('cannot keep others out with two hundred slow clients', async () => {
    const { facts } = await attempt('slowloris')
    expect(facts[0]![1]).toBe('200, of which 200 were told 408')
    expect(Number.parseInt(facts[2]![1], 10)).toBeGreaterThan(0)
    const { state } = lab.recorder
    expect(state.closed.filter(({ close }) => close!.reason === 'head-timeout').length).toBeGreaterThanOrEqual(200)
  }, 30_000)

  it('sends a viewer that comes while it drains to the next server', async () => {
    const viewer = rawClient(lab.port, 'GET /events HTTP/1.1\r\nHost: localhost\r\n')
    await beginDrain()
    await expect.poll(() => lab.recorder.state.recent.some(isDrain)).toBe(true)
    viewer.socket.write('\r\n')
    const reply = await viewer.received
    expect(reply).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
    // A complete response with empty content.
    expect(reply).toMatch(/\r\n\r\n(?:0\r\n\r\n)?$/)
    expect(Object.fromEntries((await drained()).facts)['Cut']).toBe('1')
  }, 30_000)

  it('sees the server drain, and another take over', async () => {
    await beginDrain()
    const tried = await drained()
    const facts = Object.fromEntries(tried.facts)
    expect(facts['Under way when it began']).toBe('200, Connection: close')
    expect(facts['Served by the next one']).toMatch(/^200 /)
    expect(facts['Cut']).toBe('1')
    const reasonOf = (label: string) => {
      const { connection } = tried.runs.find((run) => run.label.endsWith(label))!
      return lab.recorder.state.closed.find(({ id }) => id === connection)?.close?.reason
    }
    expect(['idle', 'at work', 'hangs', 'after'].map(reasonOf)).toEqual([
      'shutdown',
      'shutdown',
      'shutdown',
      'client-asked',
    ])
    expect(lab.recorder.state.recent.filter(({ type }) => type === 'server')).toMatchObject([
      { what: 'listens' },
      { what: 'drains' },
      { what: 'listens' },
      { what: 'drained' },
    ])
  }, 30_000)

  it('does nothing for other sites', async () => {
    const path = '/api/try/http-1.0'
    expect(await ask('POST', path, { 'sec-fetch-site': 'same-origin', origin: lab.url })).toBe(200)
    expect(await ask('POST', path, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await ask('POST', path, { 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await ask('POST', path, { origin: 'http://evil.example' })).toBe(403)
    expect(await ask('POST', path, { origin: 'null' })).toBe(403)
    expect(await ask('POST', path, { host: `evil.example:${lab.port}` })).toBe(403)
    expect(await ask('POST', '/api/try/constructor', {})).toBe(404)
    expect((await fetch(`${lab.url}${path}`)).status).toBe(404)
  })

  it('tells other sites nothing', async () => {
    const path = '/api/wire/1'
    expect(await ask('GET', path, {})).toBe(200)
    for (const headers of [{ origin: 'http://evil.example' }, { host: `evil.example:${lab.port}` }])
      for (const target of [path, '/events', '/api/try/drain']) expect(await ask('GET', target, headers)).toBe(403)
  })

  it('takes every loopback name for its own, and no other', () => {
    expect(['127.0.0.1:3000', 'localhost', '[::1]:3000'].map(isOwnHost)).toEqual([true, true, true])
    expect(['127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1:3000', ''].map(isOwnHost)).not.toContain(true)
  })

  it('is off where other machines can reach the lab', async () => {
    const wide = await startLab({ root, port: 0, host: '0.0.0.0', timeouts })
    const here = `http://127.0.0.1:${wide.port}`
    expect((await fetch(`${here}/api/try/http-1.0`, { method: 'POST' })).status).toBe(403)
    expect((await fetch(`${here}/api/wire/1`)).status).toBe(403)
    await wide.close(50)
    const asked = await startLab({ root, port: 0, host: '0.0.0.0', control: true, timeouts })
    const response = await fetch(`http://127.0.0.1:${asked.port}/api/try/http-1.0`, { method: 'POST' })
    expect(response.status).toBe(200)
    await asked.close(50)
  })
})

describe('the port', () => {
  it('is another one when the preferred one is taken, unless it was asked for', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    const other = await startLab({ root, preferredPort: port, timeouts })
    expect(other.port).not.toBe(port)
    await expect(startLab({ root, port, timeouts })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await other.close(50)
    taken.close()
  })
})

it('hears of everything that was accepted', async () => {
  await rawClient(lab.port, 'GET /api/time HTTP/1.0\r\n\r\n').received
  expect(await watcher.until(isOpen)).toMatchObject({ role: 'visitor' })
})
