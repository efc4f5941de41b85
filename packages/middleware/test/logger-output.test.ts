import { Writable } from 'node:stream'
import { describe, expect, test, vi } from 'vitest'
import { boundedOutput, fileOutput, mostWaiting } from '../src/lib/logger/output.ts'

/** A stream whose reader takes nothing until it is let go. */
function stalled(): { stream: Writable; taken: string[]; go: () => void } {
  const taken: string[] = []
  let going = false
  let next: (() => void) | undefined
  const stream = new Writable({
    decodeStrings: false,
    write: (chunk: string, _, done) => {
      taken.push(chunk)
      if (going) done()
      else next = done
    },
  })
  const go = (): void => {
    going = true
    next?.()
  }
  return { stream, taken, go }
}

describe('lines for a reader', () => {
  test.each([
    [-1, 1],
    [0, 1],
    [1, 0],
  ])('that stands still wait up to a bound: with %d bytes more of them, %d more waits', async (more, waits) => {
    const { stream, taken, go } = stalled()
    const told: string[] = []
    const write = boundedOutput(stream, (what) => told.push(what))
    write('x'.repeat(mostWaiting + more))
    write('last\n')
    write('last\n')
    expect(stream.writableLength).toBe(mostWaiting + more + waits * 5)
    go()
    await vi.waitFor(() => expect(stream.writableLength).toBe(0))
    await vi.waitFor(() => expect(told).toEqual([`${2 - waits} lines were dropped, because nobody took them in time`]))
    write('again\n')
    expect(taken.at(-1)).toBe('again\n')
  })

  test('that has gone go nowhere, which is told once', async () => {
    const told: string[] = []
    const stream = new Writable({ write: (_, __, done) => done(new Error('EPIPE')) })
    const write = boundedOutput(stream, (what) => told.push(what))
    for (let i = 0; i < 3; i++) {
      write('x\n')
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(told).toEqual(['the output is gone, and with it what is logged from now on: EPIPE'])
  })
})

describe('lines for a file', () => {
  test('are lost while its disk is full, which is told, and are there again when there is room', () => {
    const rooms: number[] = []
    const told: string[] = []
    let taken = ''
    const write = fileOutput(
      (bytes) => {
        const room = rooms.shift() ?? bytes.length
        if (room < 0) throw new Error('ENOSPC')
        taken += Buffer.from(bytes.subarray(0, room)).toString()
        return Math.min(room, bytes.length)
      },
      (what) => told.push(what),
    )
    write('one\n')
    rooms.push(2, -1, 0)
    for (const line of ['cut\n', 'lost\n', 'lost too\n']) write(line)
    expect(told).toEqual(['lines are lost until they can be written again: the disk is full'])
    write('two\n')
    expect(told[1]).toBe('3 lines were lost')
    write('three\n')
    expect(taken).toBe('one\ncu\ntwo\nthree\n')
    expect(told).toHaveLength(2)
  })
})
