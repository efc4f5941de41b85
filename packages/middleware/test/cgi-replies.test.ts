import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Handler } from '@spillway/core'
import { type CgiOptions, cgi } from '@spillway/middleware/cgi'
import { router } from '@spillway/middleware/router'
import { describe, expect, test, vi } from 'vitest'
import { directoryOf } from './scripts.ts'
import { start } from './server.ts'
import { type WireReply, ask, open } from './wire.ts'

// Processes start late on a busy machine.
vi.setConfig({ testTimeout: 60_000 })

const shell = (body: string): string => `#!/bin/sh\n${body}\n`
const root = directoryOf({
  'say.sh': shell('exec cat'),
  'size.sh': shell(`printf 'Content-Type: a/b\\n\\n'; head -c "$QUERY_STRING" /dev/zero`),
  'fail.sh': shell(`printf 'Content-Type: a/b\\n\\npart'; exit 3`),
  'error.sh': shell(`printf 'Status: 500\\nContent-Type: a/b\\n\\nfailed'; exit 3`),
  'crash.sh': shell(`printf 'Content-Type: a/b\\n\\npart'; kill -KILL $$`),
  'mute.sh': shell(`exit 1`),
  'stderr.sh': shell(`printf 'Content-Type: a/b\\n\\nok'; printf 'line one\\n\\033[31mred\\n' >&2`),
  'noisy.sh': shell(`printf 'Content-Type: a/b\\n\\nok'; head -c 200000 /dev/zero | tr '\\0' x >&2`),
  'loop.sh': shell(`printf 'Location: /cgi-bin/loop.sh\\n\\n'`),
  'here.sh': shell(`printf 'Location: /there?a=1\\n\\n'`),
  'sleep.sh': shell(
    `echo $$ > "$DOCUMENT_ROOT/pid-$QUERY_STRING"; sleep 600 & echo $! >> "$DOCUMENT_ROOT/pid-$QUERY_STRING"; wait`,
  ),
  'stream.sh': shell(`printf 'Content-Type: a/b\\n\\nfirst\\n'; cat`),
  'forever.sh': shell(
    `echo $$ > "$DOCUMENT_ROOT/pid-$QUERY_STRING"; printf 'Content-Type: a/b\\n\\n'; exec cat /dev/zero`,
  ),
  'stubborn.sh': shell(`trap '' TERM; echo $$ > "$DOCUMENT_ROOT/pid-$QUERY_STRING"; while :; do sleep 1; done`),
  'deaf.sh': shell(`printf 'Content-Type: a/b\\n\\ndeaf'`),
  'bad.sh': '#!/no/such/interpreter\n',
  'orphan.sh': shell(
    `sleep 600 >/dev/null 2>&1 </dev/null & echo $! > "$DOCUMENT_ROOT/pid-$QUERY_STRING"; printf 'Content-Type: a/b\\n\\nok'`,
  ),
})

const application = (options: CgiOptions = {}): Handler =>
  router()
    .all('/cgi-bin/:path*', cgi(root, { onStderr: () => {}, ...options }))
    .get('/there', (c) => c.json([c.method, c.path, c.search, c.headers.get('content-type'), c.body.length, c.url]))

const quiet = { onError: () => {} }

async function get(path: string, options?: CgiOptions, content?: string): Promise<WireReply> {
  const server = await start(application(options), quiet)
  return ask(
    server,
    `${content === undefined ? 'GET' : 'POST'} /cgi-bin/${path}`,
    content === undefined ? {} : { content },
  )
}

/** What the client gets when a script says this. */
const said = (output: string, options?: CgiOptions): Promise<WireReply> => get('say.sh', options, output)

describe('replies (§6)', () => {
  test('have the status and the fields of the script, lines ending either way', async () => {
    const reply = await said(
      'Status: 404 Nope\r\nContent-Type: text/x\r\nSet-Cookie: a=1\nSet-Cookie: b=2\r\n\r\ncontent',
    )
    expect(reply).toMatchObject({ status: 404, complete: true })
    expect(reply.headers.get('content-type')).toBe('text/x')
    expect(reply.headers.get('set-cookie')).toBe('a=1, b=2')
    expect(reply.headers.has('status')).toBe(false)
    expect(String(reply.content)).toBe('content')
  })

  test('keep a length, and what breaks it is cut', async () => {
    expect(await said('Content-Type: a/b\nContent-Length: 3\n\nabc')).toMatchObject({ status: 200, complete: true })
    expect(await said('Content-Type: a/b\nContent-Length: 4\n\nabc')).toMatchObject({ status: 200, complete: false })
  })

  test('fields about the connection are the business of the server', async () => {
    const reply = await said('Content-Type: a/b\nTransfer-Encoding: gzip\nConnection: x\nKeep-Alive: 1\n\nabc')
    expect(reply).toMatchObject({ status: 200, complete: true })
    expect(reply.headers.get('transfer-encoding')).toBe('chunked')
    expect(reply.headers.has('keep-alive')).toBe(false)
  })

  test('without content need no type', async () => {
    expect(await said('Status: 204\n\n')).toMatchObject({ status: 204 })
    expect(await said('Status: 404\n\n')).toMatchObject({ status: 404 })
    expect(await said('Status: 404\n\ncontent')).toMatchObject({ status: 502 })
  })

  test('redirects of the client', async () => {
    const reply = await said('Location: http://example.com/\n\n')
    expect([reply.status, reply.headers.get('location')]).toEqual([302, 'http://example.com/'])
    expect(await said('Status: 303\nLocation: /x\n\n')).toMatchObject({ status: 303 })
    const document = await said('Location: http://e.com/\nStatus: 301\nContent-Type: text/x\n\ngo there')
    expect([document.status, String(document.content)]).toEqual([301, 'go there'])
  })

  test.each([
    ['nothing', ''],
    ['an empty head', '\n'],
    ['no end of the head', 'Content-Type: a/b\n'],
    ['no field', 'Content-Type: a/b\nno field\n\n'],
    ['a status line (NPH)', 'HTTP/1.1 200 OK\nContent-Type: a/b\n\n'],
    ['a folded line', 'Content-Type: a/b\n c\n\n'],
    ['no type, location or status', 'X-A: b\n\ncontent'],
    ['a bad name', 'Content-Type: a/b\nX A: b\n\n'],
    ['a bare CR', 'Content-Type: a/b\nX-A: b\rX-B: c\n\n'],
    ['a NUL', 'Content-Type: a/b\nX-A: b\0\n\n'],
    ['two types', 'Content-Type: a/b\nContent-type: a/b\n\n'],
    ['two lengths', 'Content-Type: a/b\nContent-Length: 1\nContent-Length: 1\n\na'],
    ['two statuses', 'Status: 200\nStatus: 200\nContent-Type: a/b\n\n'],
    ['an interim status', 'Status: 100\n\n'],
    ['a status of four digits', 'Status: 2000\n\n'],
    ['no status', 'Status: OK\n\n'],
    ['an empty location', 'Location:\n\n'],
  ])('%s is 502', async (_, output) => {
    expect(await said(output)).toMatchObject({ status: 502, complete: true })
  })

  test('the head has a limit, to the byte', async () => {
    const head = 'Content-Type: a/b\r\n\r\n'
    const statuses = [head.length - 1, head.length, head.length + 1].map(async (headBytes) => {
      return (await said(`${head}x`, { limits: { headBytes } })).status
    })
    expect(await Promise.all(statuses)).toEqual([502, 200, 200])
  })

  test('HEAD has no content', async () => {
    const reply = await ask(await start(application()), 'HEAD /cgi-bin/deaf.sh')
    expect([reply.status, reply.headers.get('content-type'), reply.content.length]).toEqual([200, 'a/b', 0])
  })
})

describe('local redirects (§6.2.2)', () => {
  test('go to the client unless the application is told', async () => {
    const reply = await get('here.sh')
    expect([reply.status, reply.headers.get('location')]).toEqual([302, '/there?a=1'])
  })

  test('are answered in place, as a GET without content', async () => {
    const options: CgiOptions = { redirect: (c) => app(c) }
    const app = application(options)
    const server = await start(app)
    const got = JSON.parse(String((await ask(server, 'GET /cgi-bin/here.sh')).content)) as unknown
    expect(got).toEqual(['GET', '/there', '?a=1', null, 0, 'http://test/there?a=1'])
    const posted = await ask(server, 'POST /cgi-bin/say.sh', {
      fields: ['Content-Type: a/b'],
      content: 'Location: /there?b\n\n',
    })
    expect(JSON.parse(String(posted.content))).toEqual(['GET', '/there', '?b', null, 0, 'http://test/there?b'])
  })

  test('come to an end', async () => {
    const app: Handler = application({ redirect: (c) => app(c) })
    expect(await ask(await start(app, quiet), 'GET /cgi-bin/loop.sh')).toMatchObject({ status: 502 })
    // Below a mount scripts have a context of their own each time.
    const outer: Handler = router().mount('/', application({ redirect: (c) => outer(c) }))
    expect(await ask(await start(outer, quiet), 'GET /cgi-bin/loop.sh')).toMatchObject({ status: 502 })
  })
})

describe('failures', () => {
  test('a script that cannot be run is 500', async () => {
    expect(await get('bad.sh')).toMatchObject({ status: 500 })
  })

  test('one that fails without a reply is 502, after the head the reply is cut', async () => {
    expect(await get('mute.sh')).toMatchObject({ status: 502 })
    expect(await get('fail.sh')).toMatchObject({ status: 200, complete: false })
    expect(await get('crash.sh')).toMatchObject({ complete: false })
  })

  test('one that tells of its failure itself is believed', async () => {
    expect(await get('error.sh')).toMatchObject({ status: 500, complete: true })
  })

  test('the output has a limit, to the byte', async () => {
    const head = 'Content-Type: a/b\n\n'.length
    const replies = [999, 1000, 1001].map((size) => get(`size.sh?${size}`, { limits: { outputBytes: head + 1000 } }))
    const seen = (await Promise.all(replies)).map(({ status, complete }) => status === 200 && complete)
    expect(seen).toEqual([true, true, false])
  })

  test('the error output goes to the sink, harmless, and not for ever', async () => {
    const onStderr = vi.fn<(text: string) => void>()
    await get('stderr.sh', { onStderr })
    expect(onStderr.mock.calls.map(([text]) => text).join('')).toBe('line one\n\\u001b[31mred\n')
    onStderr.mockClear()
    await get('noisy.sh', { onStderr })
    const text = onStderr.mock.calls.map(([part]) => part).join('')
    expect(text.replace(/x+/, '')).toBe('\n[the rest is left out]\n')
    expect(text.length).toBeLessThan(70_000)
  })
})

/** The processes that a script has told of, once it has. */
async function pidsOf(name: string, count: number): Promise<number[]> {
  const file = join(root, `pid-${name}`)
  await vi.waitFor(
    () => expect(existsSync(file) && readFileSync(file, 'utf8').split('\n')).toHaveLength(count + 1),
    20_000,
  )
  return readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number)
}

const patience = 20_000

/** Those of the processes that have not ended; a zombie that nobody has waited for has. */
function alive(pids: readonly number[]): number[] {
  return pids.filter((pid) => isRunning(pid))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !existsSync('/proc/self') || !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

describe('processes', () => {
  test('end with their group when time is over: 504', async () => {
    const reply = get('sleep.sh?timeout', { limits: { timeout: 5000 } })
    const pids = await pidsOf('timeout', 2)
    expect(await reply).toMatchObject({ status: 504 })
    await vi.waitFor(() => expect(alive(pids)).toEqual([]), patience)
  })

  test('end when the client leaves, before the head and in the content', async () => {
    const server = await start(application(), quiet)
    for (const [script, count] of [
      ['sleep.sh?gone', 2],
      ['forever.sh?left', 1],
    ] as const) {
      const socket = open(server, `GET /cgi-bin/${script}`)
      const pids = await pidsOf(script.slice(script.indexOf('?') + 1), count)
      socket.destroy()
      await vi.waitFor(() => expect(alive(pids)).toEqual([]), patience)
    }
  })

  test('end when they do not want to', async () => {
    const socket = open(await start(application(), quiet), 'GET /cgi-bin/stubborn.sh?stubborn')
    const pids = await pidsOf('stubborn', 1)
    socket.destroy()
    await vi.waitFor(() => expect(alive(pids)).toEqual([]), patience)
  })

  test('what a script leaves behind ends with it', async () => {
    expect(await get('orphan.sh?orphan')).toMatchObject({ status: 200, complete: true })
    const pids = await pidsOf('orphan', 1)
    await vi.waitFor(() => expect(alive(pids)).toEqual([]), patience)
  })

  test('have a limit of their number, to the one', async () => {
    const server = await start(application({ limits: { processes: 2 } }), quiet)
    const running = ['one', 'two'].map((name) => open(server, `GET /cgi-bin/sleep.sh?${name}`))
    const pids = [...(await pidsOf('one', 2)), ...(await pidsOf('two', 2))]
    const refused = await ask(server, 'GET /cgi-bin/deaf.sh')
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1'])
    for (const socket of running) socket.destroy()
    await vi.waitFor(() => expect(alive(pids)).toEqual([]), patience)
    await vi.waitFor(
      async () => expect(await ask(server, 'GET /cgi-bin/deaf.sh')).toMatchObject({ status: 200 }),
      20_000,
    )
  })
})

describe('content', () => {
  test('is streamed both ways at once', async () => {
    const socket = open(await start(application()), 'POST /cgi-bin/stream.sh', ['Content-Length: 6'])
    let got = ''
    socket.on('data', (chunk: Buffer) => (got += String(chunk)))
    await vi.waitFor(() => expect(got).toContain('first'), 20_000)
    socket.write('abc')
    await vi.waitFor(() => expect(got).toContain('abc'), 20_000)
    socket.write('def')
    await vi.waitFor(() => expect(got).toMatch(/def\r\n0\r\n\r\n$/), 20_000)
  })

  test('need not be read by the script', async () => {
    expect(await get('deaf.sh', {}, 'x'.repeat(500_000))).toMatchObject({ status: 200, complete: true })
  })

  test('that never becomes complete ends the script', async () => {
    const socket = open(await start(application(), quiet), 'POST /cgi-bin/sleep.sh?half', ['Content-Length: 6'])
    socket.write('abc')
    const pids = await pidsOf('half', 2)
    socket.destroy()
    await vi.waitFor(() => expect(alive(pids)).toEqual([]), patience)
  })

  test('a slow reader holds the script up', async () => {
    let taken = 0
    const server = await start(async (c) => {
      const reply = await cgi(root)(c)
      const source = reply.body as AsyncIterable<Uint8Array>
      reply.body = (async function* () {
        for await (const chunk of source) {
          taken += chunk.length
          yield chunk
        }
      })()
      return reply
    }, quiet)
    const socket = open(server, 'GET /forever.sh?slow')
    socket.pause()
    const pids = await pidsOf('slow', 1)
    let before = -1
    // What sockets hold is full when nothing moves any more.
    await vi.waitFor(
      () => {
        const moved = taken - before
        before = taken
        expect(taken).toBeGreaterThan(0)
        expect(moved).toBe(0)
      },
      { timeout: 20_000, interval: 300 },
    )
    expect(taken).toBeLessThan(32 * 1024 * 1024)
    socket.destroy()
    await vi.waitFor(() => expect(alive(pids)).toEqual([]), patience)
  })

  test('without a length has a limit, to the byte', async () => {
    const server = await start(application({ limits: { bufferBytes: 4 } }), quiet)
    const statuses = ['abc', 'abcd', 'abcde'].map(async (content) => {
      const socket = open(server, 'POST /cgi-bin/deaf.sh', ['Transfer-Encoding: chunked'])
      socket.write(`${content.length}\r\n${content}\r\n0\r\n\r\n`)
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk as Buffer)
      return Number(String(Buffer.concat(chunks)).split(' ')[1])
    })
    expect(await Promise.all(statuses)).toEqual([200, 200, 411])
  })

  test('larger than the server takes is 413', async () => {
    const server = await start(application(), { limits: { bodyBytes: 4 } })
    expect(await ask(server, 'POST /cgi-bin/deaf.sh', { content: 'abcde' })).toMatchObject({ status: 413 })
    expect(await ask(server, 'POST /cgi-bin/deaf.sh', { content: 'abcd' })).toMatchObject({ status: 200 })
  })
})
