import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { basicAuth, bearerAuth, sameText } from '@spillway/middleware/auth'
import { body } from '@spillway/middleware/body'
import { compression } from '@spillway/middleware/compression'
import { conditional } from '@spillway/middleware/conditional'
import { cookies } from '@spillway/middleware/cookies'
import { router } from '@spillway/middleware/router'
import { sessions } from '@spillway/middleware/sessions'
import { sse } from '@spillway/middleware/sse'
import { validate } from '@spillway/middleware/validate'
import { withTools } from '@spillway/vitest-config/tools'
import { afterAll, expect, test } from 'vitest'
import { z } from 'zod'
import { curl, curlTool } from './curl.ts'
import { start } from './server.ts'

const folder = mkdtempSync(join(tmpdir(), 'spillway-curl-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

const person = basicAuth({ verify: (name, given) => sameText(given, 'söß:me') && name })
const machine = bearerAuth({ verify: (token) => token === 'a.b-c_d~e+f/g==' && 'build' })
const app = router({ trailingSlash: 'redirect' })
  .use(compression())
  .get('/page', [conditional()], (c) => c.text('all work and no play '.repeat(1000)))
  .get('/dated', [conditional()], (c) => c.text('x', { headers: { 'Last-Modified': 'Sat, 01 Nov 2025 00:00:00 GMT' } }))
  .get('/basic', [person], (c) => c.text(c.state.user))
  .get('/bearer', [machine], (c) => c.text(c.state.user))
  .post('/json', [body('json', { bodyBytes: 3_000_000 })], (c) => c.json(c.state.body))
  .post('/form', [body('urlencoded')], (c) => c.json(c.state.body))
  .post('/valid', [validate({ body: z.object({ n: z.int() }) })], (c) => c.json(c.state.valid.body))
  .get('/set', [cookies()], (c) => {
    c.state.cookies.set('seen', 'ö;', { secure: false, path: '/' })
    return c.empty()
  })
  .get('/seen', [cookies()], (c) => c.text(c.state.cookies.get('seen') ?? 'nothing'))
  .group('/visits', (g) =>
    g
      .use(sessions<{ count: number }>({ name: 'visits', cookie: { secure: false } }))
      .get('/', (c) => c.text(String((c.state.session.data.count = (c.state.session.data.count ?? 0) + 1)))),
  )
  .get('/events', (c) =>
    sse(c, async (stream) => {
      await stream.send({ id: '1', data: 'one' })
      await stream.send({ event: 'last', data: { two: 2 } })
    }),
  )

withTools(curlTool)('curl', () => {
  test('asks only for what it does not have', async () => {
    const { url } = await start(app)
    const etag = ['--etag-save', at('etag'), '--etag-compare', at('etag')]
    writeFileSync(at('etag'), '')
    const status = ['--output', at('page'), '--write-out', '%{http_code} %{size_download}']
    expect(await curl(...etag, ...status, `${url}/page`)).toBe('200 21000')
    expect(await curl(...etag, ...status, `${url}/page`)).toBe('304 0')
    expect(await curl('--compressed', '--etag-save', at('weak'), `${url}/page`)).toHaveLength(21_000)
    expect(await curl('--compressed', '--etag-compare', at('weak'), ...status, `${url}/page`)).toBe('304 0')
    expect(await curl('--time-cond', '01 Dec 2025', ...status, `${url}/dated`)).toBe('304 0')
    expect(await curl('--time-cond', '01 Oct 2025', ...status, `${url}/dated`)).toBe('200 1')
  })

  test('says who it is', async () => {
    const { url } = await start(app)
    expect(await curl('--user', 'älïce:söß:me', `${url}/basic`)).toBe('älïce')
    expect(await curl('--oauth2-bearer', 'a.b-c_d~e+f/g==', `${url}/bearer`)).toBe('build')
    const status = ['--output', at('refusal'), '--write-out', '%{http_code}']
    expect(await curl(...status, '--user', 'alice:wrong', `${url}/basic`)).toBe('401')
    expect(await curl(...status, `${url}/bearer`)).toBe('401')
    // it asks without first, and again in the way that the challenge wants
    expect(await curl('--anyauth', '--user', 'bob:söß:me', `${url}/basic`)).toBe('bob')
  })

  test('sends content, and hears what is wrong with it', async () => {
    const { url } = await start(app)
    const json = ['--header', 'Content-Type: application/json']
    expect(await curl(...json, '--data-binary', '{"a":[1]}', `${url}/json`)).toBe('{"a":[1]}')
    expect(await curl('--data-urlencode', 'a=ö & b', '--data', 'c[d]=1', `${url}/form`)).toBe(
      '{"a":"ö & b","c[d]":"1"}',
    )
    writeFileSync(at('json.gz'), gzipSync('{"n":7}'))
    const packed = [...json, '--header', 'Content-Encoding: gzip', '--data-binary', `@${at('json.gz')}`]
    expect(await curl(...packed, `${url}/valid`)).toBe('{"n":7}')
    expect(JSON.parse(await curl(...json, '--data', '{"n":"7"}', `${url}/valid`))).toMatchObject({
      status: 422,
      errors: [{ in: 'body', pointer: '#/n' }],
    })
    expect(JSON.parse(await curl('--data', 'n=7', `${url}/valid`))).toMatchObject({ status: 415 })
  })

  // curl waits for 100 before content of more than 1 MiB
  test.each([
    ['waits to be asked for much', 2_000_000, '200'],
    ['hears 413 before it has sent what is too much', 4_000_000, '413'],
  ])('%s', async (_, size, status) => {
    const { url } = await start(app)
    writeFileSync(at('large'), JSON.stringify('x'.repeat(size)))
    const args = ['--header', 'Content-Type: application/json', '--header', 'Expect: 100-continue']
    const output = ['--output', at('echo'), '--write-out', '%{http_code} %{size_upload}']
    const [code, sent] = (await curl(...args, '--data-binary', `@${at('large')}`, ...output, `${url}/json`)).split(' ')
    expect([code, Number(sent) > 0]).toEqual([status, status === '200'])
  })

  test('keeps cookies and sessions in its jar', async () => {
    const { url } = await start(app)
    const jar = ['--cookie', at('jar'), '--cookie-jar', at('jar')]
    await curl(...jar, `${url}/set`)
    expect(await curl(...jar, `${url}/seen`)).toBe('ö;')
    for (const count of ['1', '2', '3']) expect(await curl(...jar, `${url}/visits`)).toBe(count)
  })

  test('follows the redirect of a slash with its query', async () => {
    const { url } = await start(app)
    const told = await curl(
      '--location',
      '--output',
      at('page'),
      '--write-out',
      '%{http_code} %{url_effective}',
      `${url}/page/?a=b`,
    )
    expect(told).toBe(`200 ${url}/page?a=b`)
  })

  test('reads events as they come', async () => {
    const { url } = await start(app)
    expect(await curl('--no-buffer', '--compressed', `${url}/events`)).toBe(
      'id: 1\ndata: one\n\nevent: last\ndata: {"two":2}\n\n',
    )
  })
})
