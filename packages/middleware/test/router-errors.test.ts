import { setTimeout as sleep } from 'node:timers/promises'
import { AbortedError, HttpError, Reply } from '@spillway/core'
import { cors } from '@spillway/middleware/cors'
import { spans } from '@spillway/middleware/opentelemetry'
import { problems } from '@spillway/middleware/problem'
import { type Router, router } from '@spillway/middleware/router'
import { type Session, sessions } from '@spillway/middleware/sessions'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { defineMiddleware } from '@spillway/middleware'
import { send, start } from './server.ts'

const broken = (): never => {
  throw new HttpError(409, 'broken')
}
const name = defineMiddleware<{ user: string }>((c, next) => {
  if (c.path === '/early') throw new Error('early')
  c.state.user = 'ali'
  return next()
})

async function told(app: Router<any, any>, path: string, ...fields: string[]): Promise<string> {
  const server = await start(app, { onError: (error) => new Response(`server: ${(error as Error).message}`) })
  const { status, content, headers } = await send(server, 'GET', path, fields)
  return `${status} ${content.toString().trim()} ${headers.get('access-control-allow-origin') ?? ''}`.trim()
}

const answering = (answer: () => never): Router => router().onError(answer).get('/', broken)

describe('onError of a router', () => {
  test('is not asked about what a handler throws because it was stopped, itself or by a function of Node', async () => {
    const asked: unknown[] = []
    const app = router()
      .onError((error, c) => {
        asked.push(error)
        return c.text('mine')
      })
      .get('/', async (c) => {
        c.abort(new AbortedError('timeout', 'Too late'))
        return c.text(await sleep(60_000, '', { signal: c.signal }))
      })
    expect(await told(app, '/')).toContain('server: Too late')
    expect(asked).toEqual([])
  })

  test('answers for handlers and layers, registered before and after it, now or later', async () => {
    const app = router()
      .use(name)
      .get('/before', broken)
      .onError((error, c) => {
        expectTypeOf(c.state).toEqualTypeOf<Partial<{ user: string }>>()
        return c.text(`${(error as Error).message} for ${c.state.user}`, 418)
      })
      .get('/after', broken)
      .get('/later', async () => broken())
      .get('/early', (c) => c.text('never'))
    expect(await told(app, '/before')).toBe('418 broken for ali')
    expect(await told(app, '/after')).toBe('418 broken for ali')
    expect(await told(app, '/later')).toBe('418 broken for ali')
    expect(await told(app, '/early')).toBe('418 early for undefined')
    expect(await told(app, '/none')).toBe('404 Not Found')
  })

  test('the nearest node answers first, and the next one when it has nothing to say', async () => {
    const app = router()
      .onError((error) => (String(error).includes('silent') ? undefined : new Response('outer', { status: 500 })))
      .group('/api', (api) =>
        api
          .onError((error, c) => (String(error).includes('inner') ? c.text('api', 500) : undefined))
          .get('/inner', () => Promise.reject(new Error('inner')))
          .get('/outer', () => Promise.reject(new Error('outer')))
          .get('/silent', () => Promise.reject(new Error('silent'))),
      )
    expect(await told(app, '/api/inner')).toBe('500 api')
    expect(await told(app, '/api/outer')).toBe('500 outer')
    expect(await told(app, '/api/silent')).toBe('200 server: silent')
  })

  test('of a mounted router, and then of the one around it', async () => {
    const inner = router()
      .onError((error, c) => (String(error).includes('mine') ? c.text(`inner ${c.path}`, 500) : undefined))
      .get('/mine', () => Promise.reject(new Error('mine')))
      .get('/yours', () => Promise.reject(new Error('yours')))
    const app = router()
      .onError((error, c) => c.text(`outer ${c.path}`, 500))
      .mount('/in', inner)
    expect(await told(app, '/in/mine')).toBe('500 inner /mine')
    expect(await told(app, '/in/yours')).toBe('500 outer /in/yours')
  })

  test('what layers have to say of every reply is said', async () => {
    const app = router()
      .use(cors({ origins: ['https://a.example'] }))
      .onError((_, c) => c.text('sorry', 500))
      .get('/', broken)
    expect(await told(app, '/', 'Origin: https://a.example')).toBe('500 sorry https://a.example')
  })

  test('that a handler returns no reply is an error like others', async () => {
    const app = router()
      .onError((error, c) => c.text((error as Error).message, 500))
      .get('/nothing', () => undefined as never)
      .get('/later', async () => ({ a: 1 }) as never)
      .get('/behind', [(_, next) => next()], () => 7 as never)
    for (const path of ['/nothing', '/later'])
      expect(await told(app, path)).toMatch(/^500 A handler or middleware returned /)
    expect(await told(app, '/behind')).toMatch(/^500 The handler `\(\) => 7` returned 7: /)
  })

  test('what fails there goes to the server, and so does what is no reply', async () => {
    expect(
      await told(
        answering(() => {
          throw new Error('second')
        }),
        '/',
      ),
    ).toBe('200 server: second')
    expect(
      await told(
        answering(() => 'text' as never),
        '/',
      ),
    ).toContain('200 server: A handler or middleware returned')
    expect(() => router().onError('x' as never)).toThrow(TypeError)
  })
})

const thrown = (reply: Reply | Response): never => {
  // eslint-disable-next-line typescript/only-throw-error -- it is the answer
  throw reply
}

describe('a reply that is thrown is the reply', () => {
  const layers: [string, (app: Router<any, any>) => Router<any, any>][] = [
    ['nothing', (app) => app],
    ['problems', (app) => app.use(problems({ onError: (error) => expect(error).toBe('not called') }))],
    ['onError', (app) => app.onError((error) => new Response(`not called: ${String(error)}`))],
    ['spans', (app) => app.use(spans())],
    ['cors', (app) => app.use(cors({ origins: ['https://a.example'] }))],
    ['sessions', (app) => app.use(sessions<{ user: string }>({ secrets: ['x'.repeat(32)] }))],
  ]

  test.each(layers)('through %s', async (layer, put) => {
    const fields = { headers: { 'X-Own': '1' }, status: 410 }
    const app = put(router())
      .get('/now', () => thrown(new Reply('gone', fields)))
      .get('/later', async (c) => {
        c.errorHeaders.set('X-Always', 'yes')
        await Promise.resolve()
        const { session } = c.state as { session?: Session<{ user: string }> }
        if (session) session.data.user = 'ali'
        return thrown(new Response('gone', fields))
      })
    const server = await start(app, { onError: (error) => new Response(`not called: ${String(error)}`) })
    for (const path of ['/now', '/later']) {
      const { status, content, headers } = await send(server, 'GET', path, ['Origin: https://a.example'])
      expect([status, content.toString(), headers.get('x-own')]).toEqual([410, 'gone', '1'])
      expect(headers.get('x-always')).toBe(path === '/later' ? 'yes' : undefined)
      expect(headers.get('access-control-allow-origin')).toBe(layer === 'cors' ? 'https://a.example' : undefined)
      expect(headers.has('set-cookie')).toBe(layer === 'sessions' && path === '/later')
    }
  })
})

describe('mistakes are found when they are made', () => {
  const { use, get } = router() as unknown as Record<'use' | 'get', (...all: unknown[]) => unknown>

  test.each<[string, () => unknown, string]>([
    ['a prefix in use()', () => use('/api', name), 'group()'],
    ['no middleware', () => use(undefined), 'a middleware is a function, not undefined'],
    ['a promise of one', () => use(Promise.resolve(name)), 'not object'],
    ['middleware beside the handler', () => get('/a', name, broken), 'a list'],
    ['several beside the handler', () => get('/a', name, name, broken), 'a list'],
    ['no function in a list', () => get('/a', [name, undefined], broken), 'not undefined'],
    ['no handler', () => get('/a'), 'The handler of /a is a function, not undefined: does what'],
    ['a reply for a handler', () => get('/a', 'hello'), 'The handler of /a is a function, not the text "hello"'],
  ])('%s', (_, make, message) => {
    expect(make).toThrow(TypeError)
    expect(make).toThrow(message)
  })
})

test('the query has one value or all', async () => {
  const app = router().get('/', (c) =>
    c.json([c.query.get('q'), c.query.get('none'), c.query.getAll('tag'), c.query.has('q'), [...c.query].length]),
  )
  const { content } = await send(await start(app), 'GET', '/?q=a%20b+c&tag=1&tag=2&q=later')
  expect(JSON.parse(content.toString())).toEqual(['a b c', null, ['1', '2'], true, 4])
  expect(JSON.parse((await send(await start(app), 'GET', '/')).content.toString())).toEqual([null, null, [], false, 0])
})
