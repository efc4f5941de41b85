import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { World, kinds } from './model-world.ts'
import { turn } from '../support.ts'

// The deadline of `close` is a timer of the process; everything else runs on the server's clock.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

/** One step of the world, after which all invariants are looked at. */
class Step implements fc.AsyncCommand<object, World> {
  readonly #name: string
  readonly #run: (world: World) => void

  constructor(name: string, run: (world: World) => void) {
    this.#name = name
    this.#run = run
  }

  check(): boolean {
    return true
  }

  async run(_: object, world: World): Promise<void> {
    this.#run(world)
    await turn(1)
    world.check()
  }

  toString(): string {
    return this.#name
  }
}

type Connection = World['connections'][number]

function isThere({ state }: Connection['client']): boolean {
  return state === 'open' || state === 'ended'
}

/** A step of one of the three youngest connections; `n` chooses it. */
function on(n: number, name: string, run: (connection: Connection, world: World) => void): Step {
  return new Step(`#${n} ${name}`, (world) => {
    const connection = world.connections.at(-1 - n) ?? world.connections[0]
    if (connection) run(connection, world)
  })
}

const which = fc.nat({ max: 2 })
const kind = fc.constantFrom(...kinds)
const size = fc.oneof(
  { weight: 8, arbitrary: fc.constant(Infinity) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 60 }) },
  { weight: 2, arbitrary: fc.integer({ min: 61, max: 100_000 }) },
)

const send = fc.tuple(which, fc.array(kind, { minLength: 1, maxLength: 4 }), size).map(([n, some, bytes]) =>
  on(n, `send ${some.join(', ')}: ${bytes}`, (connection, world) => {
    for (const one of some) world.prepare(connection, one)
    world.send(connection, bytes)
  }),
)
const goOn = fc.tuple(fc.nat({ max: 9 }), fc.boolean()).map(
  ([n, fails]) =>
    new Step(fails ? `fail ${n}` : `go on ${n}`, (world) => {
      const waiting = world.waiting()
      if (waiting.length > 0) world.release(waiting[n % waiting.length]!, fails ? new Error('handler') : undefined)
    }),
)
const drain = which.map((n) => on(n, 'drain', ({ client }) => isThere(client) && client.drain()))

const often = [
  fc.constant(new Step('connect', (world) => world.connections.length < 8 && world.connect())),
  send,
  fc
    .tuple(which, size)
    .map(([n, bytes]) => on(n, `send ${bytes}`, (connection, world) => world.send(connection, bytes))),
  goOn,
  which.map((n) =>
    on(n, 'send 30 × big', (connection, world) => {
      for (let i = 0; i < 30; i++) world.prepare(connection, 'big')
      world.send(connection, Infinity)
    }),
  ),
  which.map((n) => on(n, 'stall', ({ client }) => client.stall())),
  drain,
  fc.constantFrom(250, 250, 250, 1000, 1000, 1000, 5000, 15_000).map(
    (ms) =>
      new Step(`advance ${ms}`, (world) => {
        world.advance(ms)
        world.checkMemory()
      }),
  ),
]
// Without these a world would soon stand still.
const lively = [send, send, goOn, drain]
const seldom = [
  which.map((n) =>
    on(n, 'end', (connection) => {
      connection.ended = true
      connection.client.end()
    }),
  ),
  which.map((n) => on(n, 'reset', ({ client }) => client.reset())),
]
const steps = [...often, ...often, ...often, ...often, ...lively, ...lively, ...lively, ...seldom]
const rarely = [fc.constantFrom(0, 1000, 5000).map((ms) => new Step(`shutdown ${ms}`, (world) => world.shutdown(ms)))]

describe('any interleaving of bytes, replies, stalls, ends, time and shutdown', () => {
  it(
    'replies in order, one outcome for each request, nothing after the end, bounded memory, and every connection ends',
    { timeout: 60_000 },
    async () => {
      // Half of the runs know no shutdown before their end, or few would get far.
      const commands = fc.oneof(
        fc.commands(steps, { maxCommands: 30, size: 'max' }),
        fc.commands([...steps, ...rarely], { maxCommands: 30, size: 'max' }),
      )
      let handled = 0
      await fc.assert(
        fc.asyncProperty(commands, async (run) => {
          const world = new World()
          world.connect()
          await fc.asyncModelRun(() => ({ model: {}, real: world }), run)
          await world.finish()
          handled += world.handled.length
        }),
        { seed: 20_261_123, numRuns: 120, interruptAfterTimeLimit: 20_000 },
      )
      expect(handled).toBeGreaterThan(500)
    },
  )
})
