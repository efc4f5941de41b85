// The behaviour of core over real sockets.
import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { channels, serve } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { fromFetch } from '@spillway/core/web'
import { runChecks } from './harness.mjs'

const get = (path = '/', fields = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`
const last = 'Connection: close\r\n'
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function nothing() {}

async function* words() {
  yield 'one '
  await sleep(1)
  yield new TextEncoder().encode('two')
}

/** Runs a server for the duration of one check. */
async function withServer(handler, use, options = {}) {
  const server = await serve(handler, options.path ? options : { port: 0, ...options })
  try {
    await use(server)
  } finally {
    await server.close({ deadline: 200 })
  }
}

/** A connection that collects what it receives; `until` waits for a condition. */
function open(server, options = {}) {
  const socket = connect({ port: server.port, host: '127.0.0.1', allowHalfOpen: true, ...options })
  const client = { socket, text: '', ended: false, error: undefined }
  let wake = nothing
  socket.on('data', (chunk) => {
    client.text += chunk.toString('latin1')
    wake()
  })
  for (const event of ['end', 'close', 'error'])
    socket.on(event, (error) => {
      client.ended = true
      if (event === 'error') client.error = error
      wake()
    })
  client.until = async (done) => {
    const limit = Date.now() + 10_000
    while (!done(client)) {
      if (Date.now() > limit) throw new Error(`waited in vain; so far: ${JSON.stringify(client.text.slice(-300))}`)
      await Promise.race([new Promise((resolve) => (wake = resolve)), sleep(50)])
    }
    return client.text
  }
  return client
}

/** Sends bytes in one piece, and returns all that arrives until the server ends the connection. */
async function exchange(server, wire) {
  const client = open(server)
  client.socket.write(wire, 'latin1')
  const text = await client.until(({ ended }) => ended)
  client.socket.destroy()
  return text
}

/** A certificate, if openssl could create one. */
const tls = existsSync('cert.pem') && { cert: readFileSync('cert.pem'), key: readFileSync('key.pem') }

/** What openssl prints about a handshake, with its session saved to or read from a file. Deno's own client keeps no sessions. */
const shakeHands = ({ port }, option) =>
  new Promise((resolve, reject) => {
    const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-tls1_2', option, 'session.pem']
    const child = execFile('openssl', args, (error, out) => (error ? reject(error) : resolve(out)))
    child.stdin.end()
  })

/** Replies with a description of the request. */
const describe = async (c) => c.text(`${c.path} ${(await c.body.text()).length} ${c.httpVersion}`)

/** The responses to `count` concurrent requests on one HTTP/2 connection. */
async function manyAtOnce(url, count) {
  const session = connectHttp2(url, { rejectUnauthorized: false })
  try {
    return await Promise.all(
      Array.from({ length: count }, async (_, i) => {
        const stream = session.request({ ':path': `/${i}`, ':method': 'POST' })
        stream.end('x'.repeat(i * 1000))
        let text = ''
        for await (const chunk of stream) text += chunk.toString()
        return text
      }),
    )
  } finally {
    session.close()
  }
}

const statuses = (text) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))

const checks = {
  'a request is answered': () =>
    withServer(
      (c) => c.text(`hi ${c.path}`),
      async (server) => {
        assert.match(
          await exchange(server, get('/x', last)),
          /^HTTP\/1\.1 200 OK\r\n[^]*Content-Length: 5[^]*\r\n\r\nhi \/x$/,
        )
      },
    ),
  'a connection is kept, and pipelined requests are answered in order': () =>
    withServer(
      async (c) => {
        if (c.path === '/slow') await sleep(20)
        return c.text(c.path)
      },
      async (server) => {
        const text = await exchange(server, get('/slow') + get('/a') + get('/b', last))
        assert.deepEqual(
          [...text.matchAll(/\r\n\r\n(\/[a-z]+)/g)].map(([, body]) => body),
          ['/slow', '/a', '/b'],
        )
      },
    ),
  'HTTP/1.0 ends unless asked': () =>
    withServer(
      (c) => c.text('x'),
      async (server) => {
        assert.match(await exchange(server, 'GET / HTTP/1.0\r\n\r\n'), /Connection: close/)
      },
    ),
  'HEAD, 204 and 304 have no content': () =>
    withServer(
      (c) => (c.path === '/204' ? c.empty() : c.path === '/304' ? c.empty(304) : c.text('abc')),
      async (server) => {
        const text = await exchange(server, `HEAD / HTTP/1.1\r\nHost: a\r\n\r\n${get('/204')}${get('/304', last)}`)
        assert.deepEqual(statuses(text), [200, 204, 304])
        assert.ok(!text.includes('abc') && text.includes('Content-Length: 3'))
      },
    ),
  'content is read: length, chunks, trailers': () =>
    withServer(
      async (c) => c.text(`${await c.body.text()} ${JSON.stringify(c.body.trailers)}`),
      async (server) => {
        const text = await exchange(
          server,
          'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc' +
            `POST / HTTP/1.1\r\nHost: a\r\n${last}Transfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1;x\r\nf\r\n0\r\nX-A: b\r\n\r\n`,
        )
        assert.ok(text.includes('abc null') && text.includes('def [["x-a","b"]]'), text)
      },
    ),
  '100 (Continue) comes when content is first read': () =>
    withServer(
      async (c) => c.text(await c.body.text()),
      async (server) => {
        const client = open(server)
        client.socket.write(`POST / HTTP/1.1\r\nHost: a\r\n${last}Content-Length: 2\r\nExpect: 100-continue\r\n\r\n`)
        await client.until(({ text }) => text.startsWith('HTTP/1.1 100 Continue\r\n\r\n'))
        client.socket.write('ok')
        assert.match(await client.until(({ ended }) => ended), /200 OK[^]*ok$/)
        client.socket.destroy()
      },
    ),
  'too much content: the 413 reaches a client that is still sending': () =>
    withServer(
      async (c) => c.text(await c.body.text(1000)),
      async (server) => {
        const client = open(server)
        client.socket.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n')
        client.socket.write('x'.repeat(1_000_000))
        assert.match(await client.until(({ text }) => text.includes('\r\n\r\n')), /^HTTP\/1\.1 413 /)
        client.socket.destroy()
      },
    ),
  'broken messages are refused': () =>
    withServer(
      (c) => c.text('x'),
      async (server) => {
        const cases = [
          ['GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400],
          ['GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400],
          [get(`/${'a'.repeat(9000)}`), 414],
          [get('/', `X: ${'a'.repeat(20_000)}\r\n`), 431],
          ['GET / HTTP/2.0\r\n\r\n', 505],
        ]
        for (const [wire, status] of cases) assert.deepEqual(statuses(await exchange(server, wire)), [status])
      },
    ),
  'errors of handlers are replies without details': () =>
    withServer(
      (c) => {
        if (c.path === '/throw') throw new Error('secret')
        return Promise.reject(new Error('secret'))
      },
      async (server) => {
        const text = await exchange(server, get('/throw') + get('/reject', last))
        assert.deepEqual(statuses(text), [500, 500])
        assert.ok(!text.includes('secret'))
      },
      { onError: () => {} },
    ),
  'streams of every kind': () =>
    withServer(
      (c) => {
        if (c.path === '/web') return c.stream(new Blob(['one ', 'two']).stream())
        return c.stream(c.path === '/node' ? Readable.from([Buffer.from('one '), Buffer.from('two')]) : words())
      },
      async (server) => {
        for (const path of ['/generator', '/web', '/node']) {
          const response = await fetch(`${server.url}${path}`)
          assert.equal(await response.text(), 'one two', path)
        }
      },
    ),
  'a stream that fails is cut, never complete': () =>
    withServer(
      (c) =>
        c.stream(
          (async function* () {
            yield 'abc'
            await sleep(1)
            throw new Error('broken')
          })(),
        ),
      async (server) => {
        const text = await exchange(server, get())
        assert.ok(text.includes('abc') && !text.includes('0\r\n\r\n'))
      },
      { onError: () => {} },
    ),
  'large content arrives whole, at the pace of its reader': () =>
    withServer(
      (c) =>
        c.stream(
          (async function* () {
            for (let i = 0; i < 200; i++) yield new Uint8Array(65536)
          })(),
        ),
      async (server) => {
        const response = await fetch(server.url)
        let size = 0
        for await (const chunk of response.body) size += chunk.length
        assert.equal(size, 200 * 65536)
      },
    ),
  'a client that ends its side is answered': () =>
    withServer(
      async (c) => {
        await sleep(20)
        return c.text('late')
      },
      async (server) => {
        const client = open(server)
        client.socket.end(get('/'))
        assert.match(await client.until(({ ended }) => ended), /late$/)
        client.socket.destroy()
      },
    ),
  'a client that leaves is known by signal and outcome': async () => {
    let outcome
    let reason
    await withServer(
      (c) => {
        c.done((result) => (outcome = result))
        return new Promise((resolve) => {
          c.signal.addEventListener('abort', () => {
            reason = c.signal.reason.by
            resolve(c.text('x'))
          })
        })
      },
      async (server) => {
        const client = open(server)
        client.socket.write(get())
        await sleep(50)
        client.socket.destroy()
        await sleep(100)
        assert.equal(reason, 'peer')
      },
    )
    assert.ok(outcome !== undefined)
  },
  'deadlines end what is slow': () =>
    withServer(
      async (c) => c.text(await c.body.text()),
      async (server) => {
        assert.deepEqual(statuses(await exchange(server, 'GET / HTTP/1.1\r\nHo')), [408])
        assert.equal(await exchange(server, ''), '')
        assert.deepEqual(
          statuses(await exchange(server, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx')),
          [408],
        )
      },
      { timeouts: { head: 100, bodyIdle: 100 } },
    ),
  'limits turn clients away, and let them in again': () =>
    withServer(
      (c) => c.text('x'),
      async (server) => {
        const first = open(server)
        first.socket.write(get())
        await first.until(({ text }) => text.endsWith('x'))
        assert.deepEqual(statuses(await exchange(server, get())), [503])
        first.socket.destroy()
        await sleep(100)
        assert.deepEqual(statuses(await exchange(server, get('/', last))), [200])
      },
      { limits: { connections: 1 } },
    ),
  'an upgrade hands over the connection and the bytes behind': () =>
    withServer(
      (c) =>
        c.upgrade(
          (transport, leftover) => {
            transport.attach({
              onData: (chunk) => transport.write(chunk),
              onDrain() {},
              onEnd: () => transport.end(),
              onClose() {},
            })
            transport.write(leftover)
          },
          { Upgrade: 'echo' },
        ),
      async (server) => {
        const client = open(server)
        client.socket.write(`${get('/', 'Connection: upgrade\r\nUpgrade: echo\r\n')}one`)
        await client.until(({ text }) => text.endsWith('\r\n\r\none'))
        client.socket.write(' two')
        await client.until(({ text }) => text.endsWith('one two'))
        client.socket.destroy()
      },
    ),
  'HTTP/2: many requests with content at once, in clear and over TLS': async () => {
    const expected = Array.from({ length: 30 }, (_, i) => `/${i} ${i * 1000} 2.0`)
    const ask = async ({ url }) => assert.deepEqual(await manyAtOnce(url, 30), expected)
    await withServer(describe, ask, { http2: true })
    if (tls) await withServer(describe, ask, { http2: true, tls })
  },
  'TLS: requests in pieces, and large content both ways': () =>
    tls &&
    withServer(
      async (c) => c.text(await c.body.text(2_000_000)),
      async (server) => {
        const socket = connectTls({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false })
        let text = ''
        socket.on('data', (chunk) => (text += chunk.toString('latin1')))
        await new Promise((resolve) => socket.on('secureConnect', resolve))
        for (const piece of ['POST / HTTP/1.1\r\nHo', `st: a\r\n${last}Content-Length: 1000000\r\n\r\n`]) {
          socket.write(piece)
          await sleep(5)
        }
        socket.write('y'.repeat(1_000_000))
        await new Promise((resolve) => socket.on('close', resolve))
        assert.ok(text.endsWith('y'.repeat(1_000_000)))
      },
      { tls },
    ),
  'TLS: a session goes on at another server of the program': () =>
    tls &&
    withServer(
      describe,
      (first) =>
        withServer(
          describe,
          async (second) => {
            assert.match(await shakeHands(first, '-sess_out'), /^New, /m)
            assert.match(await shakeHands(second, '-sess_in'), /^Reused, /m)
          },
          { tls },
        ),
      { tls },
    ),
  'shutdown finishes what is active': async () => {
    const server = await serve(
      async (c) => {
        await sleep(100)
        return c.text('done')
      },
      { port: 0 },
    )
    const [reply, closed] = await Promise.all([
      exchange(server, get()),
      sleep(50).then(() => server.close({ deadline: 5000 })),
    ])
    assert.match(reply, /Connection: close[^]*done$/)
    assert.equal(closed.killed, 0)
  },
  'closing in a handler, behind an await, does not wait for itself': async () => {
    // Up to Node 22, async contexts are only propagated once an AsyncLocalStorage is in use.
    const store = new AsyncLocalStorage()
    const server = await store.run(1, () =>
      serve(
        async (c) => {
          await sleep(5)
          return c.json(await server.close({ deadline: 20_000 }))
        },
        { port: 0 },
      ),
    )
    assert.match(await exchange(server, get()), /{"drained":0,"killed":0}$/)
  },
  'processes share a port': async () => {
    const first = await serve((c) => c.text('x'), { port: 0, reusePort: true })
    const second = await serve((c) => c.text('x'), { port: first.port, reusePort: true })
    assert.equal(second.port, first.port)
    for (let i = 0; i < 8; i++) assert.deepEqual(statuses(await exchange(first, get('/', last))), [200])
    await Promise.all([first.close(), second.close()])
  },
  'a unix socket': () => {
    const path = `${tmpdir()}/spillway-${Math.random().toString(36).slice(2)}.sock`
    return withServer(
      (c) => c.text('x'),
      async (server) => {
        const client = open(server, { path, port: undefined, host: undefined })
        client.socket.write(get('/', last))
        assert.match(await client.until(({ ended }) => ended), /200 OK/)
        client.socket.destroy()
      },
      { path },
    )
  },
  'a fetch application': () =>
    withServer(
      fromFetch(async (request) => new Response(`${request.method} ${await request.text()}`, { status: 201 })),
      async (server) => {
        const response = await fetch(server.url, { method: 'POST', body: 'abc' })
        assert.deepEqual([response.status, await response.text()], [201, 'POST abc'])
      },
    ),
  'events say what happened': async () => {
    const seen = []
    const listeners = Object.keys(channels)
      .filter((name) => name !== 'bytes')
      .map((name) => [name, () => seen.push(name)])
    for (const [name, listener] of listeners) channels[name].subscribe(listener)
    await withServer(
      (c) => c.text('x'),
      (server) => exchange(server, get('/', last)),
    )
    await sleep(50)
    for (const [name, listener] of listeners) channels[name].unsubscribe(listener)
    assert.deepEqual(seen, ['listening', 'open', 'head', 'request', 'reply', 'end', 'fin', 'fin', 'close'])
  },
  'the test server needs no socket': async () => {
    const { connect: connectMemory, advance } = testServer((c) => c.text('x'))
    const client = connectMemory()
    client.send(get())
    assert.match(client.received, /x$/)
    advance(80_000)
    // The server checks the socket once more before it ends an idle connection.
    await sleep(10)
    assert.equal(client.state, 'ended')
  },
}

export const run = () => runChecks(checks)
