import { type Context, Reply, type Result } from '@spillway/core'
import { type AnyMiddleware, type Middleware, compose, wrap } from '@spillway/middleware'
import { describe, expect, test } from 'vitest'

const context = {} as Context
const layer =
  (name: string, log: string[]): Middleware =>
  (_, next) => {
    log.push(`${name} in`)
    const reply = next()
    log.push(`${name} out`)
    return reply
  }
const header: Middleware = async (_, next) => {
  const reply = await next()
  reply.headers.set('x-layer', 'yes')
  return reply
}

const twice: AnyMiddleware = (_, next) => {
  void next()
  return next()
}
const late: AnyMiddleware = async (_, next) => {
  await next()
  return next()
}
const early: Middleware = () => Response.json({ early: true })

describe('compose', () => {
  test('runs the first one outermost', () => {
    const log: string[] = []
    const handler = wrap([compose(layer('a', log), layer('b', log)), layer('c', log)], () => new Reply('x'))
    expect(handler(context)).toBeInstanceOf(Reply)
    expect(log).toEqual(['a in', 'b in', 'c in', 'c out', 'b out', 'a out'])
  })

  test('of nothing hands on', () => {
    const reply = new Reply('x')
    expect(compose()(context, () => reply)).toBe(reply)
    expect(wrap([], () => reply)(context)).toBe(reply)
  })

  test('stays synchronous as long as every layer does', async () => {
    expect(wrap([layer('a', []), layer('b', [])], () => new Reply())(context)).toBeInstanceOf(Reply)
    const result = wrap([header, layer('b', [])], () => new Reply())(context)
    expect(result).toBeInstanceOf(Promise)
    expect((await result).headers.get('x-layer')).toBe('yes')
  })

  test('throws synchronously what a synchronous layer throws', () => {
    const failing = wrap([layer('a', [])], () => {
      throw new RangeError('no')
    })
    expect(() => failing(context)).toThrow(RangeError)
  })

  test('one composition serves many requests at a time', async () => {
    const seen: Reply[] = []
    const both = compose(header, async (_, next) => {
      seen.push(await next())
      return seen.at(-1)!
    })
    const replies = await Promise.all([1, 2, 3].map(async (n) => both(context, async () => new Reply(String(n)))))
    expect(replies.map(({ body }) => body)).toEqual(['1', '2', '3'])
  })
})

describe('next', () => {
  test('throws when called twice', () => {
    expect(() => wrap([twice], () => new Reply())(context)).toThrow(new TypeError('next() was called twice'))
    expect(() => compose(twice)(context, () => new Reply())).toThrow(TypeError)
  })

  test('throws when called again later', async () => {
    await expect(wrap([late], () => new Reply())(context)).rejects.toThrow('next() was called twice')
  })

  test.each([
    ['a handler', () => new Response('native', { status: 201, headers: { 'x-from': 'fetch' } })],
    ['an asynchronous handler', async () => new Response('native', { status: 201, headers: { 'x-from': 'fetch' } })],
  ])('gives a mutable Reply for the Response of %s', async (_, handler: () => Result | Promise<Result>) => {
    const reply = await wrap([header], handler)(context)
    expect(reply).toBeInstanceOf(Reply)
    expect(reply).toMatchObject({ status: 201 })
    expect([...reply.headers]).toEqual([
      ['content-type', 'text/plain;charset=UTF-8'],
      ['x-from', 'fetch'],
      ['x-layer', 'yes'],
    ])
  })

  test('refuses a Response whose body was read before', async () => {
    const used = new Response('x')
    await used.text()
    await expect(async () => wrap([header], () => used)(context)).rejects.toThrow(TypeError)
  })

  test('gives a Reply for the Response of an inner layer', async () => {
    const reply = await wrap([header, early], () => new Reply())(context)
    expect(reply.headers.get('x-layer')).toBe('yes')
    expect(await (reply as Reply).toResponse().json()).toEqual({ early: true })
  })
})

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a string', 'text'],
])('a layer that returns %s is told so', async (what, value) => {
  const careless = () => value as unknown as Reply
  const returned = `returned ${what}: neither a Reply nor a Response.`
  const named = `The middleware \`careless\` ${returned}`
  expect(() => wrap([careless], () => new Reply())(context)).toThrow(named)
  await expect(async () => wrap([header, careless, early], () => new Reply())(context)).rejects.toThrow(named)
  await expect(wrap([async () => careless()], () => new Reply())(context)).rejects.toThrow(
    `The middleware \`async () => careless()\` ${returned}`,
  )
  const inner = async () => careless()
  await expect(wrap([(_, next) => next()], inner)(context)).rejects.toThrow(`The handler \`inner\` ${returned}`)
})
