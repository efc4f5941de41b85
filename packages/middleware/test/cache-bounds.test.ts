import { setTimeout as delay } from 'node:timers/promises'
import { Reply } from '@spillway/core'
import { describe, expect, test } from 'vitest'
import { Store } from '../src/lib/cache/store.ts'
import { storedOf } from '../src/lib/cache/stored.ts'
import { cached, gate, reply } from './caching.ts'

const fresh = 'Cache-Control: max-age=1000'

/** How many of these requests are still answered from what is kept after all of them. */
async function kept(requests: readonly (readonly [target: string, field: string])[], vary: string): Promise<number> {
  const { get } = await cached(() => reply('x', fresh, `Vary: ${vary}`), { cacheBytes: 400_000 })
  for (const [target, field] of requests) await get(target, [field])
  let hits = 0
  // The newest first, so that what is stored anew makes no room for what has not been asked yet.
  for (const [target, field] of requests.toReversed())
    if ((await get(target, ['Cache-Control: only-if-cached', field])).status === 200) hits++
  return hits
}
describe('cacheBytes counts', () => {
  const numbers = Array.from({ length: 100 }, (_, i) => i)

  test('the values of a request on which a response depends', async () => {
    const hits = await kept(
      numbers.map((i) => [`/${i}`, `X-Long: ${i}${'x'.repeat(10_000)}`]),
      'X-Long',
    )
    expect(hits).toBeGreaterThan(10)
    expect(hits).toBeLessThanOrEqual(40)
  })

  test('keys, and the spellings of a resource', async () => {
    const long = '%61'.repeat(2000)
    const hits = await kept(
      numbers.map((i) => [`/${i}?${long}`, 'X: x']),
      'X',
    )
    expect(hits).toBeGreaterThan(5)
    expect(hits).toBeLessThanOrEqual(400_000 / (4 * 6000))
  })

  test('names in Vary, also of fields that are not there', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `X-${i}`).join(', ')
    const hits = await kept(
      numbers.map((i) => [`/${i}`, 'X: x']),
      names,
    )
    expect(hits).toBeLessThanOrEqual(400_000 / 6400)
  })

  test('exactly: one byte more and the oldest goes, and nothing is left of what went', () => {
    const request = { get: () => null, getAll: () => [], has: () => false, *[Symbol.iterator]() {} }
    const stored = storedOf(reply('', fresh), new Uint8Array(100), request, { requested: 0, received: 0 }, 0)
    const two = new Store(1_000_000)
    for (const url of ['http://h/%61', 'http://h/b']) two.put(url, stored, request)
    for (const [room, count] of [
      [two.bytes - 1, 1],
      [two.bytes, 2],
      [two.bytes + 1, 2],
    ] as const) {
      const store = new Store(room)
      for (const url of ['http://h/%61', 'http://h/b']) store.put(url, stored, request)
      expect([store.has('http://h/%61'), store.has('http://h/b')]).toEqual([count === 2, true])
      for (const resource of ['http://h/a', 'http://h/b']) store.invalidate(resource)
      expect(store.bytes).toBe(0)
    }
  })

  test('no more than what it keeps: a small part of a large buffer is a copy', () => {
    const request = { get: () => null, getAll: () => [], has: () => false, *[Symbol.iterator]() {} }
    const part = new Uint8Array(1_000_000).subarray(0, 10)
    const { content } = storedOf(reply('', fresh), part, request, { requested: 0, received: 0 }, 0)
    expect(content.buffer.byteLength).toBe(10)
  })
})

describe('whether it is worth to wait for others', () => {
  test.each([
    ['with Authorization', 'Authorization: Basic eDp5'],
    ['with a cookie that nobody else has', 'Cookie: session=1'],
    ['that is wrong', 'X-Wrong: 1'],
  ])('is not taught by a request %s', async (_, field) => {
    const way = gate()
    const { get, seen } = await cached(async (c, times) => {
      if (c.headers.has('x-wrong')) return new Reply('wrong', 400)
      if (c.headers.has('cookie')) return reply('mine', 'Cache-Control: private')
      if (c.headers.has('authorization')) return reply('mine', fresh)
      await way.opened
      return reply(String(times), fresh)
    })
    await get('/', [field])
    const all = Array.from({ length: 20 }, () => get())
    await expect.poll(() => seen.length).toBeGreaterThan(1)
    // Most of them have come by now, and those that have not will hit.
    await delay(50)
    way.open()
    expect(new Set((await Promise.all(all)).map(({ text }) => text))).toEqual(new Set(['2']))
    expect(seen).toHaveLength(2)
  })
})
