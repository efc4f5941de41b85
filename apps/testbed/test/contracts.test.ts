import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inject } from '@spillway/core/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { application } from '../src/application.ts'
import { conformance } from '../src/conformance.ts'

describe('the application that load generators and fault injectors drive', () => {
  const app = application({ directory: undefined, dataset: undefined })

  it.each<[string, string | undefined, number, string]>([
    ['/', undefined, 200, 'OK'],
    ['/', 'echo', 200, 'echo'],
    ['/plaintext', undefined, 200, 'Hello, World!'],
    ['/pipeline', undefined, 200, 'ok'],
    ['/baseline11?a=1&b=2', undefined, 200, '3'],
    ['/baseline11?a=1&b=2', '4', 200, '7'],
    ['/baseline11?a=1&b=2', 'x', 400, 'Not a whole number\n'],
    ['/upload', 'x'.repeat(2_000_000), 200, '2000000'],
    ['/bytes/70000', undefined, 200, 'x'.repeat(70_000)],
    ['/bytes/many', undefined, 200, ''],
    ['/delay/1', undefined, 200, 'done'],
    ['/aborted', undefined, 200, '0'],
    ['/events', undefined, 200, 'id: 1\ndata: event 1\n\nid: 2\ndata: event 2\n\nid: 3\ndata: event 3\n\n'],
    ['/nowhere', undefined, 404, 'Not Found'],
  ])('%s', async (target, body, status, expected) => {
    const response = await inject(app, target, body === undefined ? {} : { body })
    expect([response.status, await response.text()]).toEqual([status, expected])
  })

  it.each(['/crash', '/crash-async'])('%s is a 500 without its text', async (target) => {
    const print = vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => print.mockRestore())
    const response = await inject(app, target)
    expect([response.status, await response.text()]).toEqual([500, 'Internal Server Error\n'])
    expect(print).toHaveBeenCalledOnce()
  })

  it('/crash-stream is cut', async () => {
    const print = vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => print.mockRestore())
    await expect(inject(app, '/crash-stream')).rejects.toThrow('complete')
  })

  it('serves a directory and a dataset', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'spillway-testbed-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const dataset = join(folder, 'items.json')
    writeFileSync(dataset, JSON.stringify([{ id: 1, price: 2, quantity: 3 }, { id: 2 }]))
    const whole = application({ directory: folder, dataset })
    expect(await (await inject(whole, '/json/1?m=2')).json()).toEqual({
      count: 1,
      items: [{ id: 1, price: 2, quantity: 3, total: 12 }],
    })
    expect(await (await inject(whole, '/static/items.json')).json()).toHaveLength(2)
  })
})

describe('the handler that the conformance cases ask', () => {
  it.each<[string, string, string | undefined, number, string]>([
    ['GET', '/any/where', undefined, 200, 'OK'],
    ['POST', '/any/where', 'echo', 200, 'echo'],
    ['GET', '/x/echo', undefined, 200, 'host: localhost\n'],
    ['GET', '/url', undefined, 200, 'http://localhost/url'],
    ['GET', '/204', undefined, 204, ''],
    ['GET', '/304', undefined, 304, ''],
    ['GET', '/slow', undefined, 200, 'slow'],
    ['GET', '/stream', undefined, 200, 'alphabetagamma'],
    ['POST', '/len', 'four', 200, '4'],
    ['POST', '/noread', 'x', 200, 'early'],
    ['OPTIONS', '*', undefined, 204, ''],
  ])('%s %s', async (method, target, body, status, expected) => {
    const response = await inject(conformance, target, { method, ...(body !== undefined && { body }) })
    expect([response.status, await response.text()]).toEqual([status, expected])
  })

  it('reads cookies, never sends a field that would be two, and knows what it does not know', async () => {
    const print = vi.spyOn(console, 'error').mockReturnValue()
    onTestFinished(() => print.mockRestore())
    const cookies = await inject(conformance, '/cookie', { headers: { cookie: 'a=1; b=2' } })
    expect(await cookies.text()).toBe('a=1\nb=2\n')
    expect((await inject(conformance, '/inject')).status).toBe(500)
    expect((await inject(conformance, '/boom')).status).toBe(500)
    expect((await inject(conformance, '/', { method: 'BREW' })).status).toBe(501)
  })
})
