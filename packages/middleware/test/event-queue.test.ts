import { AbortedError } from '@spillway/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { EventQueue } from '../src/lib/sse/event-queue.ts'

const limits = { pingInterval: 1000, bufferedBytes: 1000 }

/** A queue whose head has been taken, so that it waits for events. */
async function begun(): Promise<EventQueue> {
  const queue = new EventQueue(() => {}, limits)
  expect(await queue.next()).toEqual({ done: false, value: '' })
  return queue
}

describe('the end of a stream', () => {
  const reason = new AbortedError('shutdown', 'over')

  it('is told to a signal that was asked for before, and to one that is asked for later', async () => {
    const early = await begun()
    const { signal, closed } = early
    early.close(reason)
    const late = await begun()
    late.close(reason)
    late.close(new AbortedError('peer', 'another'))
    for (const one of [signal, early.signal, late.signal]) expect(one.reason).toBe(reason)
    expect(late.signal).toBe(late.signal)
    await Promise.all([closed, early.closed, late.closed])
    await expect(late.push('x')).rejects.toBe(reason)
  })

  it('is not told before', async () => {
    const queue = await begun()
    expect([queue.isClosed, queue.signal.aborted]).toEqual([false, false])
    await queue.return()
    expect([queue.isClosed, queue.signal.aborted]).toEqual([true, true])
  })
})

describe('silence', () => {
  afterEach(() => void vi.useRealTimers())

  it('is counted from the last event, and each time anew', async () => {
    vi.useFakeTimers()
    const queue = await begun()
    const first = queue.next()
    vi.advanceTimersByTime(999)
    void queue.push('one')
    expect((await first).value).toBe('one')
    const second = queue.next()
    vi.advanceTimersByTime(999)
    void queue.push('two')
    expect((await second).value).toBe('two')
    for (let i = 0; i < 2; i++) {
      const comment = queue.next()
      vi.advanceTimersByTime(1000)
      expect((await comment).value).toBe(':\n\n')
    }
  })

  it('is none while a client takes its time: no comment waits for it', async () => {
    vi.useFakeTimers()
    const queue = await begun()
    const first = queue.next()
    void queue.push('one')
    await first
    vi.advanceTimersByTime(5000)
    expect(queue.held()).toBe(0)
    const comment = queue.next()
    vi.advanceTimersByTime(999)
    expect(queue.held()).toBe(0)
    vi.advanceTimersByTime(1)
    expect((await comment).value).toBe(':\n\n')
  })

  it('has no timer left behind the end', async () => {
    vi.useFakeTimers()
    const ended = await begun()
    const last = ended.next()
    ended.end()
    expect((await last).done).toBe(true)
    const left = await begun()
    void left.next()
    await left.return()
    expect(vi.getTimerCount()).toBe(0)
  })
})
