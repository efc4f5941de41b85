import { describe, expect, it } from 'vitest'
import { serve } from '../../src/index.ts'
import { Clock } from '../../src/server/clock.ts'
import { get, rawClient, until } from '../support.ts'

describe('close, called again', () => {
  it('with a sooner deadline hurries, and a later one changes nothing', async () => {
    const server = await serve(() => new Promise(() => {}), { port: 0 })
    rawClient(server).send(get())
    await until(() => server.stats.active === 1)
    const first = server.close({ deadline: Infinity })
    void server.close({ deadline: 60_000 })
    void server.close({ deadline: 100_000 })
    expect(server.close({ deadline: 20 })).toBe(first)
    expect(await first).toEqual({ drained: 0, killed: 1 })
  })

  it('while the end is only announced counts from its beginning', async () => {
    const server = await serve(() => new Promise(() => {}), { port: 0 })
    rawClient(server).send(get())
    await until(() => server.stats.active === 1)
    const first = server.close({ announce: 20, deadline: Infinity })
    void server.close({ deadline: 10 })
    expect(await first).toEqual({ drained: 0, killed: 1 })
  })

  it.each([Number.NaN, -1])('a deadline of %d is refused, and nothing closes', async (deadline) => {
    const server = await serve((c) => c.text('x'), { port: 0 })
    await expect(server.close({ deadline })).rejects.toThrow(RangeError)
    await expect(server.close({ announce: deadline })).rejects.toThrow(RangeError)
    expect(server.closing).toBe(false)
    await server.close()
  })
})

it.each([
  [{ host: '' }, TypeError],
  [{ path: `/tmp/${'x'.repeat(103)}` }, RangeError],
])('%j is nowhere to listen', async (at, kind) => {
  await expect(serve((c) => c.text('x'), at)).rejects.toThrow(kind)
})

it('the date is that of its second, whatever the ticks', async () => {
  const told: string[] = []
  const clock = new Clock(
    10_000,
    () => {},
    () => told.push(clock.dateLine),
  )
  clock.start()
  await until(() => told.length > 0)
  expect(told[0]).toBe(`Date: ${new Date().toUTCString()}\r\n`)
  clock.stop()
})
