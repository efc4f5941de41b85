import { rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type Handler, Reply } from '@spillway/core'
import { wrap } from '@spillway/middleware'
import { cgi } from '@spillway/middleware/cgi'
import { client } from '@spillway/middleware/client'
import { router } from '@spillway/middleware/router'
import { findTool, withTools } from '@spillway/vitest-config/tools'
import { describe, expect, test, vi } from 'vitest'
import { escapes } from './path-tricks.ts'
import { directoryOf } from './scripts.ts'
import { send, start } from './server.ts'
import { ask, open, readReply } from './wire.ts'

// Processes start late on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const perl = findTool('perl')
const python = findTool('python3')
const shell = (body: string): string => `#!/bin/sh\n${body}\n`
const root = directoryOf({
  'hello.sh': shell(`printf 'Content-Type: text/plain\\n\\nshell %s' "$REQUEST_METHOD"`),
  'hello.pl': `#!${perl.isMissing ? '' : perl.path}\nuse strict; $| = 1;\nprint "Content-Type: text/plain\\r\\nX-Language: perl\\r\\n\\r\\n"; my $in = join '', <STDIN>; print "perl ", uc $in;\n`,
  'hello.py': `#!${python.isMissing ? '' : python.path}\nimport os, sys\nbody = sys.stdin.buffer.read(int(os.environ.get('CONTENT_LENGTH') or 0))\nprint('Status: 201 Made')\nprint('Content-Type: text/plain')\nprint()\nprint('python', len(body), end='')\n`,
  'env.sh': shell(`printf 'Content-Type: text/plain\\n\\n'; env | LC_ALL=C sort`),
  'args.sh': shell(`printf 'Content-Type: text/plain\\n\\n'; for a in "$@"; do printf '[%s]' "$a"; done`),
  'pwd.sh': shell(`printf 'Content-Type: text/plain\\n\\n'; pwd`),
  'sub/deep.sh': shell(`printf 'Content-Type: text/plain\\n\\n%s %s' "$SCRIPT_NAME" "$PATH_INFO"`),
  '.secret.sh': shell(`printf 'Content-Type: text/plain\\n\\nsecret'`),
  'plain.txt': 'not to be run',
  'data.sh': 'printf "not executable"',
})
const outside = directoryOf({ 'out.sh': shell(`printf 'Content-Type: text/plain\\n\\noutside'`) })
symlinkSync(join(outside, 'out.sh'), join(root, 'link.sh'))
symlinkSync(outside, join(root, 'linked'))
symlinkSync('hello.sh', join(root, 'alias.sh'))

const say = (what: string): string => shell(`printf 'Content-Type: text/plain\\n\\n${what} %s' "$DOCUMENT_ROOT"`)

test('scripts are those of the directory to which its name leads', async () => {
  const releases = directoryOf({ 'one/a.sh': say('one'), 'two/a.sh': say('two') })
  const current = join(releases, 'current')
  symlinkSync('one', current)
  const server = await start(router().all('/:path*', cgi(current)))
  const get = async (): Promise<string> => String((await ask(server, 'GET /a.sh')).content)
  expect(await get()).toBe(`one ${join(releases, 'one')}`)
  rmSync(current)
  expect(await ask(server, 'GET /a.sh')).toMatchObject({ status: 404 })
  symlinkSync('two', current)
  expect(await get()).toBe(`two ${join(releases, 'two')}`)
})

const app: Handler = router().all('/cgi-bin/:path*', cgi(root))

describe('languages', () => {
  test('shell', async () => {
    const reply = await ask(await start(app), 'GET /cgi-bin/hello.sh')
    expect(reply).toMatchObject({ status: 200, complete: true })
    expect(reply.headers.get('content-type')).toBe('text/plain')
    expect(String(reply.content)).toBe('shell GET')
  })

  withTools(perl)('with Perl', () => {
    test('Perl, with content', async () => {
      const reply = await ask(await start(app), 'POST /cgi-bin/hello.pl', { content: 'content' })
      expect(reply).toMatchObject({ status: 200, complete: true })
      expect(reply.headers.get('x-language')).toBe('perl')
      expect(String(reply.content)).toBe('perl CONTENT')
    })
  })

  withTools(python)('with Python', () => {
    test('Python, with a status', async () => {
      const reply = await ask(await start(app), 'PUT /cgi-bin/hello.py', { content: 'x'.repeat(300_000) })
      expect(reply).toMatchObject({ status: 201, complete: true })
      expect(String(reply.content)).toBe('python 300000')
    })
  })
})

async function environment(
  handler: Handler,
  line: string,
  fields: readonly string[] = [],
  content?: string,
): Promise<Record<string, string>> {
  const reply = await ask(await start(handler), line, { fields, ...(content !== undefined && { content }) })
  expect(reply.status).toBe(200)
  const lines = String(reply.content).split('\n').filter(Boolean)
  // The shell's own.
  return Object.fromEntries(
    lines
      .map((text) => [text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)])
      .filter(([name]) => !/^(?:PWD|OLDPWD|SHLVL|_)$/.test(name!)),
  ) as Record<string, string>
}

describe('meta-variables', () => {
  test('are those of RFC 3875 §4.1, and nothing else but what is promised', async () => {
    const line = 'POST /cgi-bin/env.sh/caf%C3%A9/b%20c?q=1&r=%2f'
    const variables = await environment(app, line, ['Content-Type: text/x', 'User-Agent: t', 'X-A: 1', 'X-a: 2'], 'abc')
    expect(Number(variables['REMOTE_PORT'])).toBeGreaterThan(0)
    delete variables['REMOTE_PORT']
    const inherited = Object.fromEntries(
      ['PATH', 'TZ'].filter((name) => process.env[name] !== undefined).map((name) => [name, process.env[name]]),
    )
    expect(variables).toEqual({
      ...inherited,
      CONTENT_LENGTH: '3',
      CONTENT_TYPE: 'text/x',
      GATEWAY_INTERFACE: 'CGI/1.1',
      PATH_INFO: '/café/b c',
      PATH_TRANSLATED: join(root, 'café/b c'),
      QUERY_STRING: 'q=1&r=%2f',
      REMOTE_ADDR: '127.0.0.1',
      REMOTE_HOST: '127.0.0.1',
      REQUEST_METHOD: 'POST',
      SCRIPT_NAME: '/cgi-bin/env.sh',
      SERVER_NAME: 'test',
      SERVER_PORT: '80',
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_SOFTWARE: 'Spillway',
      HTTP_HOST: 'test',
      HTTP_USER_AGENT: 't',
      HTTP_X_A: '1, 2',
      DOCUMENT_ROOT: root,
      REQUEST_SCHEME: 'http',
      REQUEST_URI: '/cgi-bin/env.sh/caf%C3%A9/b%20c?q=1&r=%2f',
      SCRIPT_FILENAME: join(root, 'env.sh'),
    })
  })

  test('without content, query or extra path', async () => {
    const variables = await environment(app, 'GET /cgi-bin/env.sh')
    expect(variables).toMatchObject({ QUERY_STRING: '', SCRIPT_NAME: '/cgi-bin/env.sh' })
    for (const name of ['CONTENT_LENGTH', 'CONTENT_TYPE', 'PATH_INFO', 'PATH_TRANSLATED', 'AUTH_TYPE', 'REMOTE_USER'])
      expect(variables).not.toHaveProperty(name)
  })

  test('an empty content has a length, chunked content the one it turns out to have', async () => {
    expect(await environment(app, 'POST /cgi-bin/env.sh', ['Content-Length: 0'])).toMatchObject({ CONTENT_LENGTH: '0' })
    const socket = open(await start(app), 'POST /cgi-bin/env.sh', ['Transfer-Encoding: chunked'])
    socket.write('3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n')
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    expect(String(readReply(Buffer.concat(chunks)).content)).toContain('CONTENT_LENGTH=5\n')
  })

  test.each([
    ['Proxy: http://evil/', 'HTTP_PROXY'],
    ['Authorization: Basic eDp5', 'HTTP_AUTHORIZATION'],
    ['Proxy-Authorization: Basic eDp5', 'HTTP_PROXY_AUTHORIZATION'],
    ['X_Real_IP: 1.2.3.4', 'HTTP_X_REAL_IP'],
    ['Connection: close', 'HTTP_CONNECTION'],
    ['TE: trailers', 'HTTP_TE'],
  ])('the field %s is kept from scripts', async (field, variable) => {
    expect(await environment(app, 'GET /cgi-bin/env.sh', [field])).not.toHaveProperty(variable)
  })

  test('a field whose name others could be taken for is for those scripts that ask for it by name', async () => {
    const fields = ['X_Token: 1', 'X_Other: 2', 'X.Dot: 3']
    const variables = await environment(
      router().all('/cgi-bin/:path*', cgi(root, { passOn: ['x_token', 'X.Dot'] })),
      'GET /cgi-bin/env.sh',
      fields,
    )
    expect(variables).toMatchObject({ HTTP_X_TOKEN: '1', HTTP_X_DOT: '3' })
    expect(variables).not.toHaveProperty('HTTP_X_OTHER')
    for (const name of ['Content_Type', 'Authorization', 'Proxy', 'a b'])
      expect(() => cgi(root, { passOn: [name] })).toThrow(TypeError)
  })

  test('cookies are one value, octets stay what they are', async () => {
    const fields = ['Cookie: a=1', 'Cookie: b=2', 'X-Name: caf\u00e9']
    expect(await environment(app, 'GET /cgi-bin/env.sh', fields)).toMatchObject({
      HTTP_COOKIE: 'a=1; b=2',
      HTTP_X_NAME: 'café',
    })
  })

  test('what options say', async () => {
    const handler = cgi(root, {
      authorization: true,
      authority: '[::1]:8443',
      documentRoot: '/srv/www',
      env: { APP_MODE: 'test', REQUEST_METHOD: 'spoofed' },
      user: () => ({ type: 'Basic', name: 'Ali' }),
    })
    expect(await environment(handler, 'GET /env.sh/x', ['Authorization: Basic eDp5'])).toMatchObject({
      HTTP_AUTHORIZATION: 'Basic eDp5',
      SERVER_NAME: '[::1]',
      SERVER_PORT: '8443',
      DOCUMENT_ROOT: '/srv/www',
      PATH_TRANSLATED: '/srv/www/x',
      APP_MODE: 'test',
      REQUEST_METHOD: 'GET',
      AUTH_TYPE: 'Basic',
      REMOTE_USER: 'Ali',
    })
  })

  test('the host and the port of the request, also in its target', async () => {
    expect(await environment(app, 'GET http://other.example:81/cgi-bin/env.sh')).toMatchObject({
      SERVER_NAME: 'other.example',
      SERVER_PORT: '81',
    })
  })

  test('behind a trusted proxy, those of the client', async () => {
    const handler = wrap([client({ trusted: ['127.0.0.1'], fields: 'forwarded' })], cgi(root))
    const fields = ['Forwarded: for=192.0.2.7;proto=https;host=shop.example']
    const variables = await environment(handler, 'GET /env.sh', fields)
    expect(variables).toMatchObject({
      REMOTE_ADDR: '192.0.2.7',
      SERVER_NAME: 'shop.example',
      SERVER_PORT: '443',
      REQUEST_SCHEME: 'https',
      HTTPS: 'on',
    })
    expect(variables).not.toHaveProperty('REMOTE_PORT')
  })

  test('a script runs in its own directory', async () => {
    expect(String((await ask(await start(app), 'GET /cgi-bin/pwd.sh')).content)).toBe(`${root}\n`)
  })
})

const words = async (query: string, method = 'GET', commandLine = true): Promise<string> =>
  String((await ask(await start(cgi(root, { commandLine })), `${method} /args.sh?${query}`)).content)

describe('command line (§4.4)', () => {
  test.each([
    ['a+b%20c+%2b', '[a][b c][+]'],
    ['a=b', ''],
    ['a%3Db', '[a=b]'],
    ['-s', ''],
    ['a+%2Ds', ''],
    ['a++b', ''],
    ['a+%00', ''],
    ['a+%zz', ''],
    ['', ''],
    ['$(id)+;ls', '[$(id)][;ls]'],
  ])('the query %j', async (query, expected) => {
    expect(await words(query)).toBe(expected)
  })

  test('is empty for other methods, and unless it is asked for', async () => {
    expect(await words('a+b', 'POST')).toBe('')
    expect(await words('a+b', 'GET', false)).toBe('')
  })
})

const get = async (path: string, handler: Handler = app) => send(await start(handler), 'GET', path)

describe('paths', () => {
  test('lead through directories to a script, and what is left is its path', async () => {
    expect(String((await get('/cgi-bin/sub/deep.sh/a/b/')).content)).toContain('/cgi-bin/sub/deep.sh /a/b/')
    expect(String((await get('/cgi-bin/alias.sh')).content)).toContain('shell GET')
    expect(String((await get('/cgi-bin/sub/../%68ello.sh')).content)).toContain('shell GET')
  })

  test.each([
    '/cgi-bin/',
    '/cgi-bin/sub',
    '/cgi-bin/none.sh',
    '/cgi-bin/.secret.sh',
    '/cgi-bin/plain.txt',
    '/cgi-bin/plain.txt/hello.sh',
    '/cgi-bin/data.sh',
    '/cgi-bin/link.sh',
    '/cgi-bin/linked/out.sh',
    '/cgi-bin//hello.sh',
    '/cgi-bin/sub%2Fdeep.sh',
    '/cgi-bin/sub%5Cdeep.sh',
    '/cgi-bin/hello.sh/a%2Fb',
    '/cgi-bin/hello.sh/a%0Ab',
    '/cgi-bin/..%2F..%2Fbin%2Fsh',
    '/cgi-bin/%252e%252e/bin/sh',
  ])('%s is not found', async (path) => {
    expect(await get(path)).toMatchObject({ status: 404 })
  })

  test('malformed ones are refused', async () => {
    expect(await get('/a%zz', cgi(root))).toMatchObject({ status: 400 })
    expect(await get('/a%00', cgi(root))).toMatchObject({ status: 400 })
  })

  test('no trick runs what is outside', async () => {
    const server = await start(cgi(join(root, 'sub')))
    const tricks = [
      '/../hello.sh',
      '/%2e%2e/hello.sh',
      '/..%2fhello.sh',
      '/..%5chello.sh',
      '/./../hello.sh',
      '/.%2e/hello.sh',
    ]
    const replies = await Promise.all([...tricks, ...escapes.slice(0, 60)].map((path) => send(server, 'GET', path)))
    for (const { status } of replies) expect([400, 404]).toContain(status)
  })

  test('what is no script is passed on', async () => {
    const layer = cgi(root)
    const handler: Handler = (c) => layer(c, () => new Reply('behind'))
    expect(String((await get('/none', handler)).content)).toBe('behind')
    expect(String((await get('/hello.sh', handler)).content)).toContain('shell GET')
  })

  test('one script answers everything below a mount', async () => {
    const mounted = router().mount('/app', cgi(join(root, 'sub/deep.sh')))
    expect(String((await get('/app/x/y', mounted)).content)).toContain('/app /x/y')
    const routed = router().all('/app/:path*', cgi(join(root, 'sub/deep.sh')))
    expect(String((await get('/app/x/y', routed)).content)).toContain('/app /x/y')
    expect(String((await get('/app', routed)).content)).toContain('/app ')
  })

  test('a root that is not there is an error at once', () => {
    expect(() => cgi(join(root, 'none'))).toThrow('ENOENT')
  })
})
