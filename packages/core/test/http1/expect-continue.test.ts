import { describe, expect, it } from 'vitest'
import { testServer } from '../../src/testing.ts'
import { bodies, deferred, get, muteErrors, onlyReply, post, replies, request, statuses, turn } from '../support.ts'

muteErrors()

const interim = 'HTTP/1.1 100 Continue\r\n\r\n'
const waiting = (fields = '', version = '1.1'): string =>
  request('POST', '/', `Expect: 100-continue\r\n${fields || 'Content-Length: 5\r\n'}`, version)

const echo = testServer(async (c) => c.text(await c.body.text()))

describe('Expect: 100-continue (RFC 9110 §10.1.1)', () => {
  it.each([
    ['Content-Length: 5\r\n', 'hello'],
    ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
  ])('is answered when the handler reads, then the content is taken: %j', async (fields, content) => {
    const client = echo.connect()
    client.send(waiting(fields))
    await turn()
    expect(client.received).toBe(interim)
    client.send(content)
    await turn()
    expect(statuses(client.received)).toEqual([100, 200])
    expect(bodies(client.received)[1]).toBe('hello')
    expect(client.state).toBe('open')
  })

  it.each(['100-Continue', '100-CONTINUE', ' 100-continue\t'])('is spelt without regard to case: %j', async (value) => {
    const client = echo.connect()
    client.send(request('POST', '/', `Expect: ${value}\r\nContent-Length: 5\r\n`))
    await turn()
    expect(client.received).toBe(interim)
  })

  it('not before the handler reads, and once', async () => {
    const read = deferred()
    const t = testServer(async (c) => {
      await read.promise
      let text = ''
      for await (const chunk of c.body) text += Buffer.from(chunk).toString()
      return c.text(text)
    })
    const client = t.connect()
    client.send(waiting())
    await turn()
    expect(client.received).toBe('')
    read.resolve()
    await turn()
    expect(client.received).toBe(interim)
    client.send('he')
    await turn()
    client.send('llo')
    await turn()
    expect(statuses(client.received)).toEqual([100, 200])
  })

  it('not before the handler reads, behind a request whose content was read', async () => {
    const read = deferred()
    const t = testServer(async (c) => {
      if (c.path === '/later') await read.promise
      return c.text(await c.body.text())
    })
    const client = t.connect()
    client.send(post('first'))
    await turn()
    client.send(request('POST', '/later', 'Expect: 100-continue\r\nContent-Length: 5\r\n'))
    await turn()
    expect(statuses(client.received)).toEqual([200])
    read.resolve()
    await turn()
    expect(statuses(client.received)).toEqual([200, 100])
  })

  it('looking at the body without reading it does not count', async () => {
    const t = testServer((c) => c.text(`${c.body.length} ${c.body.used}`))
    const client = t.connect()
    client.send(waiting())
    await turn()
    expect(statuses(client.received)).toEqual([200])
  })

  it('a stream of the content asks at its first read', async () => {
    const go = deferred()
    const t = testServer(async (c) => {
      const stream = c.body.stream()
      await go.promise
      return c.text(await new Response(stream).text())
    })
    const client = t.connect()
    client.send(waiting())
    await turn()
    expect(client.received).toBe('')
    go.resolve()
    await turn()
    expect(client.received).toBe(interim)
  })

  it('is not answered when content is already there', async () => {
    const client = echo.connect()
    client.send(`${waiting()}hello${get()}`)
    await turn()
    expect(statuses(client.received)).toEqual([200, 200])
    expect(bodies(client.received)[0]).toBe('hello')
  })

  it('nor when a part of it is there', async () => {
    const client = echo.connect()
    client.send(`${waiting()}he`)
    await turn()
    client.send('llo')
    await turn()
    expect(statuses(client.received)).toEqual([200])
  })

  it('nor when it came between the head and the read', async () => {
    const read = deferred()
    const t = testServer(async (c) => {
      await read.promise
      return c.text(await c.body.text())
    })
    const client = t.connect()
    client.send(waiting())
    client.send('hello')
    read.resolve()
    await turn()
    expect(statuses(client.received)).toEqual([200])
  })

  it('nor without content', async () => {
    for (const fields of ['', 'Content-Length: 0\r\n']) {
      const client = echo.connect()
      client.send(request('POST', '/', `Expect: 100-continue\r\n${fields}`))
      await turn()
      expect(statuses(client.received)).toEqual([200])
      expect(client.state).toBe('open')
    }
  })

  it('is ignored from a 1.0 client, which knows no 100', async () => {
    const client = echo.connect()
    client.send(waiting('', '1.0'))
    await turn()
    expect(client.received).toBe('')
    client.send('hello')
    await turn()
    expect(onlyReply(client.received).body).toBe('hello')
  })

  it('a final reply in its place ends the connection: content may or may not follow', async () => {
    const t = testServer((c) => c.text('no', 403))
    const client = t.connect()
    client.send(waiting())
    client.send(`hello${get('/smuggled')}`)
    await turn()
    expect(onlyReply(client.received).status).toBe(403)
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
    expect(client.state).toBe('ended')
  })

  it('an announced length over the limit is refused without asking for it', async () => {
    const t = testServer(async (c) => c.text(await c.body.text()), { limits: { bodyBytes: 4 } })
    const client = t.connect()
    client.send(waiting())
    await turn()
    expect(statuses(client.received)).toEqual([413])
    expect(onlyReply(client.received).fields.get('connection')).toBe('close')
  })

  it('the 100 waits for the replies before it', async () => {
    const first = deferred()
    const t = testServer(async (c) => {
      if (c.method === 'GET') await first.promise
      return c.text(await c.body.text())
    })
    const client = t.connect()
    client.send(get() + waiting())
    await turn()
    expect(client.received).toBe('')
    first.resolve()
    await turn()
    expect(statuses(client.received)).toEqual([200, 100])
    client.send('hello')
    await turn()
    expect(statuses(client.received)).toEqual([200, 100, 200])
  })

  it('a handler that reads after its reply has begun gets no 100 into it', async () => {
    const t = testServer((c) =>
      c.stream(
        (async function* () {
          yield 'a'
          await turn()
          yield await c.body.text()
        })(),
      ),
    )
    const client = t.connect()
    client.send(waiting())
    await turn(6)
    client.send('hello')
    await turn(6)
    expect(replies(client.received)).toHaveLength(1)
    expect(client.received).not.toContain('100 Continue')
  })
})

describe('other expectations (RFC 9110 §10.1.1)', () => {
  it.each(['200-ok', '100-continue, x', 'x=y'])('%s: 417, and the handler is not called', async (value) => {
    let calls = 0
    const t = testServer((c) => {
      calls++
      return c.text('x')
    })
    const client = t.connect()
    client.send(request('POST', '/', `Expect: ${value}\r\nContent-Length: 5\r\n`))
    await turn()
    expect(onlyReply(client.received).status).toBe(417)
    expect(calls).toBe(0)
  })

  it('content behind a 417 is not taken for a request', async () => {
    const client = echo.connect()
    const content = get('/smuggled')
    client.send(request('POST', '/', `Expect: x\r\nContent-Length: ${content.length}\r\n`) + content)
    await turn()
    expect(onlyReply(client.received).status).toBe(417)
  })
})
