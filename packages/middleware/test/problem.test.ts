import { HttpError } from '@spillway/core'
import { cookies } from '@spillway/middleware/cookies'
import { cors } from '@spillway/middleware/cors'
import { ProblemError, problem, problemOf, problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import { secureHeaders } from '@spillway/middleware/secure-headers'
import { expect, test, vi } from 'vitest'
import { start } from './server.ts'
import { ask, open } from './wire.ts'

test('a problem has a status, a title, and what else there is to say', async () => {
  const reply = problem(403, { type: 'https://example.com/credit', title: 'No credit', balance: 30 }).toResponse()
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
  const body = { type: 'https://example.com/credit', title: 'No credit', status: 403, balance: 30 }
  expect(await reply.json()).toEqual(body)
  expect(await problem(404).toResponse().json()).toEqual({ title: 'Not Found', status: 404 })
})

test('errors become problems, and only what may be shown is', async () => {
  const seen: unknown[] = []
  const broken = new Error('password is hunter2')
  const app = router()
    .use(problems({ onError: (error, c) => seen.push([error, c.path]) }))
    .get('/teapot', () => {
      const error = new HttpError(429, 'Not so fast', { code: 'SLOW_DOWN' })
      error.headers.set('Retry-After', '7')
      throw error
    })
    .get('/extended', async () => {
      throw new ProblemError(409, 'TAKEN', { detail: 'The name is taken', name: 'Ali' })
    })
    .get('/broken', () => {
      throw broken
    })
    .get('/hidden', () => Promise.reject(new HttpError(404, 'secret', { expose: false })))
    .get('/thrown', () => {
      // eslint-disable-next-line typescript/only-throw-error
      throw null
    })
    .get('/fine', (c) => c.text('fine'))
  const server = await start(app)
  const get = async (path: string) => {
    const reply = await ask(server, `GET ${path}`)
    return { status: reply.status, retry: reply.headers.get('retry-after'), ...JSON.parse(String(reply.content)) }
  }
  expect(await get('/teapot')).toMatchObject({ status: 429, retry: '7', code: 'SLOW_DOWN', detail: 'Not so fast' })
  expect(await get('/extended')).toEqual({
    title: 'Conflict',
    status: 409,
    code: 'TAKEN',
    detail: 'The name is taken',
    name: 'Ali',
  })
  expect(await get('/broken')).toEqual({ status: 500, title: 'Internal Server Error' })
  expect(await get('/hidden')).toEqual({ status: 404, title: 'Not Found' })
  expect(await get('/thrown')).toEqual({ status: 500, title: 'Internal Server Error' })
  expect(seen).toEqual([
    [broken, '/broken'],
    [null, '/thrown'],
  ])
  expect(String((await ask(server, 'GET /fine')).content)).toBe('fine')
})

test('errors of the server are printed where nobody takes them', async () => {
  const print = vi.spyOn(console, 'error').mockReturnValue()
  const broken = new Error('broken')
  const server = await start(
    router()
      .use(problems())
      .get('/', () => Promise.reject(broken)),
  )
  expect((await ask(server, 'GET /')).status).toBe(500)
  expect(print).toHaveBeenCalledExactlyOnceWith('%s:', 'GET /', broken)
  print.mockRestore()
})

test.each(['body', 'request'] as const)('as onError of the server it also tells what core refuses: %s', async (of) => {
  const server = await start(async (c) => c.json(await c[of].json()), { onError: problemOf })
  const reply = await ask(server, 'POST /', { content: '{' })
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
  expect(JSON.parse(String(reply.content))).toMatchObject({ status: 400, code: 'JSON_INVALID' })
})

test('as onError it prints errors of the server, for nobody else hears of them', async () => {
  const print = vi.spyOn(console, 'error').mockReturnValue()
  const broken = new Error('broken')
  const failing = async function* (before: string, error: Error = broken) {
    if (before) yield before
    await Promise.resolve()
    throw error
  }
  const app = router()
    .use(problems())
    .get('/before', (c) => c.stream(failing('')))
    .get('/behind', (c) => c.stream(failing('x')))
    .get('/done', (c) => {
      c.done(() => {
        throw broken
      })
      return c.text('x')
    })
    .get('/made', (c) => c.stream(failing('', new HttpError(503, 'not now'))))
    .get('/unknown', (c) => c.stream(failing('', new HttpError(404, 'no such thing'))))
  const server = await start(app, { onError: problemOf })
  expect(await ask(server, 'GET /before')).toMatchObject({ status: 500 })
  expect(await ask(server, 'GET /behind')).toMatchObject({ status: 200, complete: false })
  expect(await ask(server, 'GET /done')).toMatchObject({ status: 200 })
  expect(await ask(server, 'GET /made')).toMatchObject({ status: 503 })
  expect(await ask(server, 'GET /unknown')).toMatchObject({ status: 404 })
  expect(print.mock.calls).toEqual([
    ['%s:', 'GET /before', broken],
    ['%s:', 'GET /behind', broken],
    ['%s:', 'GET /done', broken],
    ['%s:', 'GET /made', '503 not now'],
  ])
  print.mockRestore()
  const inRouter = router()
    .onError(problemOf)
    .get('/', () => Promise.reject(broken))
  const printed = vi.spyOn(console, 'error').mockReturnValue()
  expect(await ask(await start(inRouter), 'GET /')).toMatchObject({ status: 500 })
  expect(printed.mock.calls).toEqual([['%s:', 'GET /', broken]])
  printed.mockRestore()
})

test('errors of layers behind keep the fields that every reply must carry', async () => {
  const app = router()
    .use(problems({ onError: () => {} }), cors({ origins: '*', exposeHeaders: ['X-A'] }), cookies(), secureHeaders())
    .get('/', (c) => {
      c.state.cookies.set('seen', '1')
      throw new Error('x')
    })
  const reply = await ask(await start(app), 'GET /', { fields: ['Origin: https://a.example'] })
  expect(reply.status).toBe(500)
  expect(Object.fromEntries(reply.headers)).toMatchObject({
    'content-type': 'application/problem+json',
    'access-control-allow-origin': '*',
    'access-control-expose-headers': 'X-A',
    'set-cookie': expect.stringMatching(/^seen=1;/),
    'x-content-type-options': 'nosniff',
  })
})

test('an exchange that was cut is left to core', async () => {
  const onError = vi.fn<() => void>()
  const outcomes: unknown[] = []
  const reached = vi.fn<() => void>()
  const app = router()
    .use(problems({ onError }))
    .post('/', async (c) => {
      reached()
      c.done((outcome) => outcomes.push(outcome))
      return c.text(await c.body.text())
    })
  const socket = open(await start(app), 'POST /', ['Content-Length: 10'])
  socket.write('123')
  await vi.waitFor(() => expect(reached).toHaveBeenCalled())
  socket.resetAndDestroy()
  await vi.waitFor(() => expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'peer' }]))
  expect(onError).not.toHaveBeenCalled()
})
