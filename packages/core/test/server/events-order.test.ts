import { describe, expect, it } from 'vitest'
import { channels } from '../../src/index.ts'
import { testServer } from '../../src/testing.ts'
import { turn } from '../support.ts'

describe('events of pipelined exchanges', () => {
  it('count the bytes of each reply alone, and say idle after the last end', async () => {
    const seen: (string | number)[] = []
    const end = (event: { outcome: { bytes: number } }): void => void seen.push(event.outcome.bytes)
    const idle = (event: { exchange: number }): void => void seen.push(`idle after ${event.exchange}`)
    channels.end.subscribe(end)
    channels.idle.subscribe(idle)
    const client = testServer((c) => c.text('x'.repeat(Number(c.path.slice(1))))).connect()
    client.send(['/1', '/100', '/10'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    await turn()
    channels.end.unsubscribe(end)
    channels.idle.unsubscribe(idle)
    const [first, second, third] = seen as number[]
    // Content-Length has a digit more for 10 and two more for 100.
    expect([second! - first!, third! - first!]).toEqual([99 + 2, 9 + 1])
    expect(first! + second! + third!).toBe(client.received.length)
    expect(seen.slice(3)).toEqual(['idle after 3'])
  })

  it('say nothing of idle while another request is being answered', async () => {
    const seen: number[] = []
    const idle = (event: { exchange: number }): void => void seen.push(event.exchange)
    channels.idle.subscribe(idle)
    const client = testServer((c) => (c.path === '/hang' ? new Promise(() => {}) : c.text('x'))).connect()
    client.send(['/', '/hang'].map((path) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
    await turn()
    channels.idle.unsubscribe(idle)
    expect(client.received).toMatch(/^HTTP\/1\.1 200 /)
    expect(seen).toEqual([])
  })
})

it.each(['end', 'idle'] as const)(
  '%s is said to whoever listens to nothing else, once the reply has left',
  async (name) => {
    const seen: number[] = []
    const listener = (event: { exchange: number }): void => void seen.push(event.exchange)
    channels[name].subscribe(listener)
    const client = testServer((c) => c.text('x')).connect()
    client.stall()
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await turn()
    expect(seen).toEqual([])
    client.drain()
    await turn()
    channels[name].unsubscribe(listener)
    expect(seen).toEqual([1])
  },
)
