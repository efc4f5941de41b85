// Rules that hold wherever what they are about is handed in: each stands once in the sources, and is asked here from every side.
import { describe, expect, it } from 'vitest'
import { type Context, type FieldsInit, HttpError, Reply, addErrorFields, fieldPairs } from '../../src/index.ts'
import { inject } from '../../src/testing.ts'
import { toFetch } from '../../src/web.ts'
import { ask, protocols } from '../both-protocols.ts'
import { muteErrors } from '../support.ts'

const errors = muteErrors()

/** What programs without types give as fields, and the lines that it stands for. */
const forms: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['an object', { 'X-A': '1' }, ['1']],
  ['an object with a list', { 'X-A': ['1', '2'] }, ['1', '2']],
  ['an object with nothing', { 'X-A': undefined, 'X-B': null }, []],
  [
    'pairs',
    [
      ['X-A', '1'],
      ['X-A', '2'],
    ],
    ['1', '2'],
  ],
  ['a Map', new Map([['X-A', '1']]), ['1']],
  ['a Headers', new Headers({ 'X-A': '1' }), ['1']],
]

describe.each(forms)('fields given as %s', (_, given, lines) => {
  const init = given as FieldsInit
  const all = lines.length === 0 ? undefined : lines.join(', ')

  it('are these lines', () => {
    expect([...fieldPairs(init)].map(([, value]) => value)).toEqual(lines)
  })

  it('mean the same in a reply, in trailers and in a request of inject', async () => {
    const reply = await inject((c) => c.text('', { headers: init }), '/')
    expect(reply.headers.get('x-a') ?? undefined).toBe(all)
    const asked = await inject((c) => c.json(c.headers.getAll('x-a')), '/', { headers: init })
    expect(((await asked.json()) as string[]).join(', ')).toBe(all ?? '')
  })

  it.each(protocols)('mean the same in trailers, over %s', async (protocol) => {
    const { trailers } = await ask(protocol, (c) => {
      const reply = c.stream(
        (async function* () {
          yield 'a'
          await new Promise(setImmediate)
          yield 'b'
        })(),
      )
      reply.trailers = () => init
      return reply
    })
    expect(trailers.get('x-a')).toBe(all)
  })
})

describe('fields', () => {
  it('of an object replace those that the reply began with, all their lines', () => {
    const reply = new Reply('', { headers: { 'Content-Type': ['a/a', 'b/b'] } as never }, ['Content-Type', 'c/c', ''])
    expect(reply.headers.get('Content-Type')).toBe('a/a, b/b')
  })

  it.each([1, 'X-A: 1', true, null])('given as %j are refused', async (given) => {
    expect(() => fieldPairs(given as never)).toThrow(TypeError)
    await expect(inject((c) => c.text(''), '/', { headers: given as never })).rejects.toThrow(TypeError)
    const hinted = await inject((c) => {
      c.hints(given as never)
      return c.text('')
    }, '/')
    expect(hinted.status).toBe(500)
  })

  it('of an error are added, where the reply says nothing else; every Vary and cookie counts', () => {
    const reply = new Reply('', { status: 400, headers: { 'X-A': 'its own', Vary: 'A', 'Set-Cookie': 'a=1' } })
    const { headers: errorHeaders } = new Reply('', {
      headers: { 'X-A': 'of the error', 'X-B': 'b', Vary: 'B', 'Set-Cookie': 'b=2' },
    })
    const fields = addErrorFields({ errorHeaders }, reply).headers
    expect(fields).toBe(reply.headers)
    expect(['x-a', 'x-b', 'vary'].map((name) => fields.get(name))).toEqual(['its own', 'b', 'A, B'])
    expect(fields.getSetCookie()).toEqual(['a=1', 'b=2'])
  })
})

/** Runs a handler on each kind of connection, and gives the status. */
const sides: readonly (readonly [string, (handler: (c: Context) => Reply) => Promise<number>])[] = [
  ['HTTP/1.1', async (handler) => (await ask('HTTP/1.1', handler)).status],
  ['HTTP/2', async (handler) => (await ask('HTTP/2', handler)).status],
  ['another server', async (handler) => (await toFetch(handler)(new Request('http://a/'))).status],
]

describe.each(sides)('a final status, over %s', (_, status) => {
  it.each([200, 299, 599])('can be %d', async (given) => {
    expect(await status((c) => c.text('x', given))).toBe(given)
  })

  it.each([0, 99, 103, 199, 600, 200.5, Number.NaN, Infinity])('cannot be %d', async (given) => {
    expect(await status((c) => c.text('x', { status: given }))).toBe(500)
    expect(String(errors.calls.at(-1)?.at(-1))).toContain('RangeError: A reply has a final status, from 200 to 599')
  })

  it.each(['200', true, {}])('cannot be %j', async (given) => {
    expect(await status((c) => c.text('x', { status: given as never }))).toBe(500)
    expect(String(errors.calls.at(-1)?.at(-1))).toContain('TypeError: A status is a number, not')
  })
})

describe('what a reply begins with', () => {
  it.each(['404', null, true, Symbol('x')])('is no %s', (given) => {
    expect(() => new Reply('', given as never)).toThrow(TypeError)
    expect(() => new Reply('', given as never)).toThrow('a status, or an object of status and headers')
  })

  it('has a default for undefined', () => {
    expect(new Reply('', undefined).status).toBe(200)
    expect(new Reply('', { status: undefined as never, headers: undefined as never }).status).toBe(200)
  })
})

describe('an HttpError', () => {
  it.each([
    [['404'], 'A status is a number, not a string'],
    [[404, 7], 'The message of an error is text, not 7'],
    [[404, 'x', null], 'Options are an object, not null'],
    [[404, 'x', { code: 7 }], 'The option `code` is text, not 7'],
    [[404, 'x', { expose: 'yes' }], 'The option `expose` is true or false, not a string'],
    [[404, 'x', { exposed: true }], 'There is no option `exposed`: did you mean `expose`?'],
  ])('is not made of %j', (given, message) => {
    const make = (): HttpError => new HttpError(...(given as [number]))
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })

  it.each([399, 600, 404.5, Number.NaN])('has no status of %d', (status) => {
    expect(() => new HttpError(status)).toThrow(RangeError)
  })

  it('has defaults for what is undefined', () => {
    const given = { code: undefined, expose: undefined, cause: undefined } as never
    const { code, expose, message } = new HttpError(404, undefined, given)
    expect({ code, expose, message }).toEqual({ code: 'HTTP_404', expose: false, message: 'HTTP 404' })
  })
})
