import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KeptReply, Reply, ReplyHeaders } from '../../src/index.ts'
import { type TestServer, testServer } from '../../src/testing.ts'
import { get, onlyReply, replies, request, turn } from '../support.ts'

const fields = new ReplyHeaders().set('ETag', '"1"').set('Content-Type', 'text/plain')

/** Replies of the server to these heads, each on a connection of its own. */
function answers(t: TestServer, ...heads: string[]): string[] {
  return heads.map((head) => {
    const client = t.connect()
    client.send(head)
    return client.received
  })
}

describe.each([
  ['small', 'spillway'.repeat(10)],
  ['with every byte', String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i))],
  ['of 8 KiB', 'a'.repeat(8192)],
  ['larger than 8 KiB', 'b'.repeat(8193)],
  ['of more than a slice', 'c'.repeat(600_000)],
  ['empty', ''],
])('a kept reply, %s', (_, content) => {
  const bytes = Buffer.from(content, 'latin1')
  const kept = new KeptReply(200, fields, bytes)

  it('goes out as one that was made for the occasion, the first time and after', () => {
    const t = testServer(() => kept.reply())
    const plain = testServer(() => new Reply(bytes, 200, fields.clone()))
    const [expected] = answers(plain, get())
    expect(answers(t, get(), get(), get())).toEqual([expected, expected, expected])
    expect(onlyReply(expected!)).toMatchObject({ body: content, complete: true })
  })

  it('has no content for HEAD, and says the same', () => {
    const t = testServer(() => kept.reply())
    const [first, full, second] = answers(t, request('HEAD', '/'), get(), request('HEAD', '/'))
    expect(full).toBe(first! + content)
    expect(second).toBe(first)
  })

  it('ends the connection when that is asked for', () => {
    const t = testServer(() => kept.reply())
    const [, closing, old] = answers(t, get(), get('/', 'Connection: close\r\n'), get('/', '', '1.0'))
    for (const wire of [closing!, old!]) {
      expect(onlyReply(wire).fields.get('connection')).toBe('close')
      expect(onlyReply(wire).body).toBe(content)
    }
  })

  it('is many when requests are pipelined', () => {
    const t = testServer(() => kept.reply())
    const [wire] = answers(t, get().repeat(5))
    expect(replies(wire!).map(({ body }) => body === content)).toEqual([true, true, true, true, true])
  })
})

it('a kept reply stays the same when the fields it was made of change', () => {
  const changing = new ReplyHeaders().set('ETag', '"1"')
  const kept = new KeptReply(200, changing, null)
  changing.set('ETag', '"2"')
  expect(kept.reply().headers.get('etag')).toBe('"1"')
})

describe('a kept reply that is changed', () => {
  const kept = new KeptReply(200, fields, Buffer.from('kept'))
  const changes: [string, (reply: Reply) => void, object][] = [
    ['field', (reply) => void reply.headers.set('X-Own', '1'), { status: 200, body: 'kept' }],
    ['status', (reply) => void (reply.status = 404), { status: 404, body: 'kept' }],
    ['content', (reply) => void (reply.body = 'other'), { status: 200, body: 'other' }],
    ['trailer', (reply) => void (reply.trailers = () => ({ a: 'b' })), { status: 200, body: 'kept' }],
  ]
  it.each(changes)('in its %s is sent as it is, and changes no other', async (_, change, expected) => {
    let changing = false
    const t = testServer(() => {
      const reply = kept.reply()
      if (changing) change(reply)
      return reply
    })
    const [before] = answers(t, get())
    changing = true
    const client = t.connect()
    client.send(get())
    await turn(4)
    expect(onlyReply(client.received)).toMatchObject({ ...expected, complete: true })
    changing = false
    expect(answers(t, get())).toEqual([before])
  })
})

describe('time passes', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) }))
  afterEach(() => void vi.useRealTimers())

  it('and the date of a kept reply with it', () => {
    const kept = new KeptReply(200, fields, Buffer.from('kept'))
    const t = testServer(() => kept.reply())
    const date = (): string | undefined => onlyReply(answers(t, get())[0]!).fields.get('date')
    expect([date(), date()]).toEqual(['Thu, 01 Jan 2026 00:00:00 GMT', 'Thu, 01 Jan 2026 00:00:00 GMT'])
    vi.setSystemTime(Date.UTC(2026, 0, 1, 0, 0, 7))
    t.advance(1000)
    expect(date()).toBe('Thu, 01 Jan 2026 00:00:07 GMT')
  })

  it('and a client that takes a slice in time is not cut, one that takes less is (timeouts.writeStall)', () => {
    const t = testServer(() => new Reply(Buffer.alloc(1_000_000)), { timeouts: { writeStall: 1000 } })
    const client = t.connect()
    client.stall(100)
    client.send(get())
    for (let taken = 0; taken < 3; taken++) {
      t.advance(800)
      client.stall(100_000)
    }
    t.advance(800)
    expect(client.state).toBe('open')
    t.advance(3000)
    expect(client.state).toBe('closed')
  })

  it('a cached 304 has no content', () => {
    const kept = new KeptReply(304, fields, null)
    const t = testServer(() => kept.reply())
    const [first, second] = answers(t, get(), get())
    expect(second).toBe(first)
    expect(onlyReply(second!)).toMatchObject({ status: 304, body: '', complete: true })
    expect(onlyReply(second!).fields.has('content-length')).toBe(false)
  })
})
