import { describe, expect, it } from 'vitest'
import {
  type ConnectionState,
  ReadState,
  type Settled,
  WriteState,
  onBroken,
  onClosing,
  onContentEnd,
  onDiscard,
  onHead,
  onLastReply,
  onNext,
  onPeerEnd,
  onReplyEnd,
  onReplyStart,
  onShutdown,
  onUpgrade,
  settle,
} from '../../src/http1/connection-state.ts'

const reads = Object.entries(ReadState)
const writes = Object.entries(WriteState)
const flags = [false, true]

/** Every state there is. */
function* states(): Generator<ConnectionState> {
  for (const [, read] of reads)
    for (const [, write] of writes)
      for (const persist of flags)
        for (const draining of flags) for (const peerEnded of flags) yield { read, write, persist, draining, peerEnded }
}

/** What an event changes; everything else has to stay. */
type Change = (s: Readonly<ConnectionState>) => Partial<ConnectionState>

const table: readonly (readonly [string, (s: ConnectionState) => void, Change])[] = [
  [
    'head complete, with content',
    (s) => onHead(s, true, true),
    (s) => ({ read: ReadState.Body, persist: !s.draining }),
  ],
  [
    'head complete, without content',
    (s) => onHead(s, false, true),
    (s) => ({ read: ReadState.Hold, persist: !s.draining }),
  ],
  ['head that does not allow reuse', (s) => onHead(s, false, false), () => ({ read: ReadState.Hold, persist: false })],
  ['content complete', onContentEnd, () => ({ read: ReadState.Hold })],
  ['broken message', onBroken, () => ({ read: ReadState.Closed, persist: false })],
  [
    'peer ends',
    onPeerEnd,
    // Requests that came before the end are still read; content that is not complete will never be.
    (s) =>
      s.read === ReadState.Body || s.read === ReadState.Discard
        ? { read: ReadState.Closed, persist: false, peerEnded: true }
        : { peerEnded: true },
  ],
  ['reply head written', onReplyStart, () => ({ write: WriteState.Streaming })],
  ['reply that ends the connection', onLastReply, () => ({ persist: false })],
  ['reply complete', onReplyEnd, () => ({ write: WriteState.Done })],
  ['shutdown', onShutdown, (s) => ({ draining: true, persist: s.read === ReadState.Head ? s.persist : false })],
  ['next request', onNext, () => ({ read: ReadState.Head, write: WriteState.Idle })],
  ['rest of the content is dropped', onDiscard, () => ({ read: ReadState.Discard })],
  ['upgrade', onUpgrade, () => ({ read: ReadState.Upgraded, write: WriteState.Closed, persist: false })],
  ['closing', onClosing, () => ({ read: ReadState.Closed, write: WriteState.Closed, persist: false })],
]

describe('transitions, from every state', () => {
  it.each(table)('%s', (_, event, change) => {
    let count = 0
    for (const state of states()) {
      const after = { ...state }
      event(after)
      expect(after).toEqual({ ...state, ...change(state) })
      count++
    }
    expect(count).toBe(6 * 4 * 8)
  })
})

describe('settle, the one place that decides reuse (RFC 9112 §9.3)', () => {
  const rows: readonly (readonly [string, keyof typeof WriteState, string])[] = [
    // read side, write side: what follows with (persist, peer there) · (persist, peer ended) · (no persist, peer there) · (neither)
    ['Head', 'Idle', 'wait wait wait wait'],
    ['Head', 'Streaming', 'wait wait wait wait'],
    ['Head', 'Done', 'next next linger close'],
    ['Head', 'Closed', 'wait wait wait wait'],
    ['Body', 'Idle', 'wait wait wait wait'],
    ['Body', 'Streaming', 'wait wait wait wait'],
    ['Body', 'Done', 'discard discard linger close'],
    ['Body', 'Closed', 'wait wait wait wait'],
    ['Hold', 'Idle', 'wait wait wait wait'],
    ['Hold', 'Streaming', 'wait wait wait wait'],
    ['Hold', 'Done', 'next next linger close'],
    ['Hold', 'Closed', 'wait wait wait wait'],
    ['Discard', 'Idle', 'wait wait wait wait'],
    ['Discard', 'Streaming', 'wait wait wait wait'],
    ['Discard', 'Done', 'wait wait linger close'],
    ['Discard', 'Closed', 'wait wait wait wait'],
    ['Closed', 'Idle', 'wait wait wait wait'],
    ['Closed', 'Streaming', 'wait wait wait wait'],
    ['Closed', 'Done', 'linger close linger close'],
    ['Closed', 'Closed', 'wait wait wait wait'],
    ['Upgraded', 'Idle', 'wait wait wait wait'],
    ['Upgraded', 'Streaming', 'wait wait wait wait'],
    ['Upgraded', 'Done', 'wait wait wait wait'],
    ['Upgraded', 'Closed', 'wait wait wait wait'],
  ]

  it('has a row for every pair of states', () => {
    expect(rows.map(([read, write]) => `${read} ${write}`)).toEqual(
      reads.flatMap(([read]) => writes.map(([write]) => `${read} ${write}`)),
    )
  })

  it.each(rows)('%s + %s: %s', (read, write, expected) => {
    const [kept, ended, last, both] = expected.split(' ') as Settled[]
    for (const draining of flags) {
      const state = (persist: boolean, peerEnded: boolean): ConnectionState => ({
        read: ReadState[read as keyof typeof ReadState],
        write: WriteState[write],
        persist,
        draining,
        peerEnded,
      })
      expect(settle(state(true, false))).toBe(kept)
      expect(settle(state(true, true))).toBe(ended)
      expect(settle(state(false, false))).toBe(last)
      expect(settle(state(false, true))).toBe(both)
    }
  })

  it('changes nothing', () => {
    for (const state of states()) {
      const before = { ...state }
      settle(state)
      expect(state).toEqual(before)
    }
  })
})
