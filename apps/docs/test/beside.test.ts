import { readFileSync } from 'node:fs'
import { injector } from '@spillway/core/testing'
import { describe, expect, test } from 'vitest'
import { app as onFastify } from '../examples/beside-fastify.ts'
import { app as onHono } from '../examples/beside-hono.ts'
import { app as onSpillway } from '../examples/beside-spillway.ts'

type Ask = (path: string, init?: { method?: string; body?: string }) => Promise<Response>

const json = { 'Content-Type': 'application/json' }
const asks: Readonly<Record<string, Ask>> = {
  spillway: (path, init) => injector(onSpillway)(new Request(`http://localhost${path}`, { ...init, headers: json })),
  hono: async (path, init) => onHono.request(path, { ...init, headers: json }),
  async fastify(path, { method = 'GET', body } = {}) {
    const url = { method: method as 'GET', url: path }
    const { statusCode, payload } = await onFastify.inject(
      body === undefined ? url : { ...url, headers: json, payload: body },
    )
    return new Response(statusCode === 204 ? null : payload, { status: statusCode })
  },
}

/** The number of lines of code, as this repository's formatter lays them out. */
function linesOf(name: string): number {
  const text = readFileSync(new URL(`../examples/beside-${name}.ts`, import.meta.url), 'utf8')
  return text.split('\n').filter((line) => line.trim() !== '' && !line.trim().startsWith('//')).length
}

describe('the same five routes', () => {
  test.each(Object.entries(asks))('do the same: %s', async (_, ask) => {
    const book = JSON.stringify({ title: 'Release It!', year: 2007 })
    const seen = async (path: string, init?: { method?: string; body?: string }): Promise<unknown> => {
      const reply = await ask(path, init)
      return reply.ok ? [reply.status, await reply.text()] : reply.status
    }
    expect(await seen('/')).toEqual([200, 'Books'])
    expect(await seen('/books/1')).toBe(404)
    expect(await seen('/books/1', { method: 'PUT', body: book })).toEqual([201, book])
    expect(await seen('/books/1')).toEqual([200, book])
    expect(await seen('/books')).toEqual([200, `[${book}]`])
    expect(await seen('/books?page=2')).toEqual([200, '[]'])
    expect([400, 422]).toContain(await seen('/books/1', { method: 'PUT', body: '{}' }))
    expect(await seen('/books?page=0')).toBe(400)
    expect(await seen('/books/1', { method: 'DELETE' })).toEqual([204, ''])
    expect(await seen('/books/1', { method: 'DELETE' })).toBe(404)
  })

  test('take no more lines than elsewhere', () => {
    expect(linesOf('spillway')).toBeLessThanOrEqual(linesOf('hono'))
    expect(linesOf('hono')).toBeLessThanOrEqual(linesOf('fastify'))
  })
})
