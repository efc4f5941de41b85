import { cookies } from '@spillway/middleware/cookies'
import { expect, test, vi } from 'vitest'
import { sameText } from '@spillway/middleware/auth'
import { inject } from '@spillway/core/testing'
import { router } from '@spillway/middleware/router'

/** The lengths of everything that was compared in constant time. */
const compared = vi.hoisted(() => [] as [number, number][])

vi.mock('node:crypto', async (original) => {
  const real = await original<typeof import('node:crypto')>()
  const timingSafeEqual: typeof real.timingSafeEqual = (a, b) => {
    compared.push([a.byteLength, b.byteLength])
    return real.timingSafeEqual(a, b)
  }
  return { ...real, timingSafeEqual }
})

test.each([
  ['equal', 'a', 'a', true],
  ['different from the first character on', 'secret', 'xecret', false],
  ['of different lengths', 'secret', 's', false],
])('texts that are %s are compared whole, without their lengths', (_, a, b, same) => {
  compared.length = 0
  expect(sameText(a, b)).toBe(same)
  expect(compared).toEqual([[32, 32]])
})

test('signatures of cookies are compared whole, with every secret until one fits', async () => {
  const secrets = ['a', 'b'].map((letter) => letter.repeat(32)) as [string, string]
  const app = router()
    .use(cookies({ secrets }))
    .get('/', (c) => c.text(String(c.state.cookies.signed.get('user'))))
  for (const first of ['A', 'B']) {
    compared.length = 0
    const headers = { Cookie: `user=ali.${first}${'A'.repeat(42)}` }
    expect(await (await inject(app, '/', { headers })).text()).toBe('undefined')
    expect(compared).toEqual([
      [32, 32],
      [32, 32],
    ])
  }
})
