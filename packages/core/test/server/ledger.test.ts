import { array, assert, constant, constantFrom, nat, oneof, option, property, record } from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Holding } from '../../src/index.ts'
import { type Holder, Ledger } from '../../src/server/ledger.ts'

interface Model extends Holder {
  alone: number
  moved: number
  shares: { readonly memory: ArrayBuffer; readonly bytes: number }[]
}

function holder(alone: number, shares: Model['shares'] = []): Model {
  return {
    alone,
    shares,
    moved: 0,
    held(holding: Holding) {
      for (const { memory, bytes } of this.shares) holding.share(memory, bytes)
      return this.alone
    },
  }
}

/** The same sum, said plainly: what each holds alone, and of each memory no more than there is. */
function sum(holders: readonly Model[]): number {
  const needed = new Map<ArrayBuffer, number>()
  for (const { memory, bytes } of holders.flatMap(({ shares }) => shares))
    needed.set(memory, (needed.get(memory) ?? 0) + bytes)
  let total = holders.reduce((bytes, { alone }) => bytes + alone, 0)
  for (const [memory, bytes] of needed) total += Math.min(memory.byteLength, bytes)
  return total
}

describe('the ledger', () => {
  it('memory that many hold counts once', () => {
    const memory = new ArrayBuffer(1000)
    const ledger = new Ledger<Model>()
    const readers = Array.from({ length: 50 }, () => holder(1, [{ memory, bytes: 100 }]))
    ledger.measure(readers.slice(0, 5))
    expect(ledger.total).toBe(505)
    ledger.measure(readers)
    expect(ledger.total).toBe(1050)
  })

  it('whoever holds most for longest comes first, and whoever moves what it holds is spared', () => {
    const ledger = new Ledger<Model>()
    const [fast, slow, fresh] = [holder(100), holder(60), holder(90)]
    for (let tick = 0; tick < 5; tick++) {
      fast.moved += 150
      ledger.measure(tick < 4 ? [fast, slow] : [fast, slow, fresh])
    }
    expect(ledger.excess(249)).toEqual([slow])
    expect(ledger.total).toBe(190)
    // One that has only begun, and one that moves, stay even then.
    expect(ledger.excess(0)).toEqual([])
    ledger.measure([fast, fresh])
    expect(ledger.excess(0)).toEqual([fast, fresh])
  })

  it('those who share what they hold come last', () => {
    const memory = new ArrayBuffer(100)
    const ledger = new Ledger<Model>()
    const many = Array.from({ length: 10 }, () => holder(0, [{ memory, bytes: 100 }]))
    const one = holder(20)
    for (let tick = 0; tick < 2; tick++) ledger.measure([...many, one])
    expect(ledger.excess(100)).toEqual([one])
    expect(ledger.excess(99)).toEqual(many)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['says NaN', () => NaN],
    ['says less than nothing', () => -5],
  ])('one that %s holds nothing', (_, held) => {
    const ledger = new Ledger<Holder>()
    ledger.measure([{ moved: 0, held }, holder(7)])
    expect(ledger.total).toBe(7)
  })

  it('is right in every history', () => {
    const memories = [100, 1000, 5000].map((size) => new ArrayBuffer(size))
    const share = record({ memory: constantFrom(...memories), bytes: nat(3000) })
    const state = record({
      alone: oneof(constant(0), nat(2000)),
      shares: array(share, { maxLength: 3 }),
      moved: nat(500),
    })
    const tick = record({ states: array(option(state), { minLength: 1, maxLength: 6 }), limit: nat(8000) })
    assert(
      property(array(tick, { maxLength: 12 }), (ticks) => {
        const ledger = new Ledger<Model>()
        const all = Array.from({ length: 6 }, () => holder(0))
        const gone = new Set<Model>()
        for (const { states, limit } of ticks) {
          const here = all.filter((model, i) => {
            const next = states[i]
            if (!next || gone.has(model)) return false
            model.alone = next.alone
            model.shares = next.shares
            model.moved += next.moved
            return true
          })
          ledger.measure(here)
          expect(ledger.total).toBe(sum(here))
          const cut = ledger.excess(limit)
          for (const model of cut) gone.add(model)
          const left = here.filter((model) => !gone.has(model))
          expect(ledger.total).toBe(sum(left))
          // Nobody was cut in vain: without the last of them it would have been too much.
          expect(cut.length === 0 || sum([...left, cut.at(-1)!]) > limit).toBe(true)
        }
      }),
    )
  })
})
