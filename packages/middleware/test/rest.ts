import { setTimeout as sleep } from 'node:timers/promises'
import { expect, vi } from 'vitest'

/** Waits until a number has grown and grows no more: whoever makes more of it has been slowed down to a stop. */
export async function comesToRest(count: () => number): Promise<void> {
  const look = async (): Promise<void> => {
    const before = count()
    await sleep(150)
    expect([before > 0, count()]).toEqual([true, before])
  }
  await vi.waitFor(look, { timeout: 15_000 })
}
