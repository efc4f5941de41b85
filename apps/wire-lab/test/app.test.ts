import { request } from 'node:http'
import { createServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isOwnRequest } from '../src/lab/guard.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import type { CloseEvent, EndEvent, ErrorEvent, OpenEvent, RequestEvent, WireEvent } from '../src/model/events.ts'
import type { Tried } from '../src/model/tried.ts'
import { Watcher, rawClient } from './clients.ts'

const root = new URL('../public/', import.meta.url)
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

const isOwnHost = (host: string) => isOwnRequest({ headers: new Headers({ host }) as never })
const isOpen = (event: WireEvent): event is OpenEvent => event.type === 'open'
const isClose = (event: WireEvent): event is CloseEvent => event.type === 'close'
const isEnd = (event: WireEvent): event is EndEvent => event.type === 'end'
const isRequest = (event: WireEvent): event is RequestEvent => event.type === 'request'

/** `fetch` sends some fields itself and does not let them be chosen. */
function post(path: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(`${lab.url}${path}`, { method: 'POST', headers, agent: false }, (response) => {
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
    expect(seen.map(({ type }) => type)).toEqual(['open', 'request', 'reply', 'end', 'close'])
    expect(seen.find(isRequest)).toMatchObject({ method: 'GET', target: '/api/time?x', bytes: text.length })
    expect(seen.find(isEnd)).toMatchObject({ status: 200, bytes: received.length })
    expect(received).toContain(`"connection":${connection}}`)
  })

  it('tells that a connection is kept only after its reply has left', async () => {
    const { socket } = rawClient(lab.port, 'GET /api/time HTTP/1.1\r\nHost: a\r\n\r\n')
    const idle = await watcher.until((event): event is WireEvent & { type: 'idle' } => event.type === 'idle')
    const types = watcher.events.filter((event) => event.connection === idle.connection).map(({ type }) => type)
    expect(types).toEqual(['open', 'request', 'reply', 'end', 'idle'])
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
    // Far beyond the time a test has: streams that were left to the deadline would fail this one.
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

describe('the lab’s own client', () => {
  it('speaks HTTP/1.0', async () => {
    const { sent, received, connection } = await attempt('http-1.0')
    expect(sent).toBe('GET /api/time HTTP/1.0\r\n\r\n')
    expect(received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*Connection: close\r\n/)
    const closed = await watcher.until(
      (event): event is CloseEvent => isClose(event) && event.connection === connection,
    )
    expect(closed).toMatchObject({ reason: 'client-asked', bytesIn: sent.length, bytesOut: received.length })
    const mark = watcher.events.find(
      (event) => event.connection === connection && 'label' in event && event.label !== '',
    )
    expect(mark).toMatchObject({ role: 'lab', label: 'HTTP/1.0' })
  })

  it('pipelines', async () => {
    const { received, connection } = await attempt('pipeline')
    expect(received.match(/HTTP\/1\.1 (?:\d+)/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 404', 'HTTP/1.1 200'])
    await watcher.until((event): event is CloseEvent => isClose(event) && event.connection === connection)
    const ends = watcher.events.filter(isEnd).filter((event) => event.connection === connection)
    expect(ends.map(({ exchange, status }) => [exchange, status])).toEqual([
      [1, 200],
      [2, 404],
      [3, 200],
    ])
  })

  it('sends what is refused', async () => {
    const { sent, received, connection } = await attempt('two-hosts')
    expect(received).toMatch(/^HTTP\/1\.1 400 /)
    await watcher.until((event): event is CloseEvent => isClose(event) && event.connection === connection)
    const error = watcher.events.find((event) => event.type === 'error' && event.connection === connection)
    expect(error).toMatchObject({ code: 'HOST_REPEATED', status: 400 })
    // It is told from the first byte that proves it, which is in the line of the second one.
    expect(sent.slice(0, (error as ErrorEvent).offset)).toMatch(/\r\nHost:? ?$/)
  })

  it('drips until the server has had enough', async () => {
    const { received, connection } = await attempt('slow-head')
    expect(received).toMatch(/^HTTP\/1\.1 408 /)
    const closed = await watcher.until(
      (event): event is CloseEvent => isClose(event) && event.connection === connection,
    )
    expect(closed.reason).toBe('head-timeout')
  })

  it('does nothing for other sites', async () => {
    const path = '/api/try/http-1.0'
    expect(await post(path, { 'sec-fetch-site': 'same-origin', origin: lab.url })).toBe(200)
    expect(await post(path, { 'sec-fetch-site': 'cross-site' })).toBe(403)
    expect(await post(path, { 'sec-fetch-site': 'same-site' })).toBe(403)
    expect(await post(path, { origin: 'http://evil.example' })).toBe(403)
    expect(await post(path, { origin: 'null' })).toBe(403)
    expect(await post(path, { host: `evil.example:${lab.port}` })).toBe(403)
    expect(await post('/api/try/constructor', {})).toBe(404)
    expect((await fetch(`${lab.url}${path}`)).status).toBe(404)
  })

  it('takes every loopback name for its own, and no other', () => {
    expect(['127.0.0.1:3000', 'localhost', '[::1]:3000'].map(isOwnHost)).toEqual([true, true, true])
    expect(['127.0.0.1.evil.example', 'localhost.evil.example', '10.0.0.1:3000', ''].map(isOwnHost)).not.toContain(true)
  })

  it('is off where other machines can reach the lab', async () => {
    const wide = await startLab({ root, port: 0, host: '0.0.0.0', timeouts })
    const response = await fetch(`http://127.0.0.1:${wide.port}/api/try/http-1.0`, { method: 'POST' })
    expect(response.status).toBe(403)
    await wide.close(50)
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
