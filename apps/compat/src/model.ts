// Random sequences of calls, compared on both servers.
import * as fc from 'fast-check'
import { Client, type Seen } from './client.ts'
import { Program } from './program.ts'
import { isDeepStrictEqual } from 'node:util'

type Step = readonly [name: string, ...args: unknown[]]

/** A request, and what the application does with it. */
interface Play {
  readonly method: string
  readonly version: '1.0' | '1.1'
  readonly content: string
  readonly steps: readonly Step[]
}

const names = fc.constantFrom('x-a', 'X-A', 'X-B', 'Content-Type', 'Set-Cookie', 'ETag', 'Vary')
const values = fc.constantFrom<unknown>('1', 'two words', ['1', '2'], 7, ' x ', null, true)
/** Names and values that Node.js rejects. */
const badNames = fc.constantFrom<unknown>('', 'a b', 'ü', null, 5, undefined)
const badValues = fc.constantFrom<unknown>('a\nb', '日本', 'a\0', ['a', '\r'])
const texts = fc.constantFrom('', 'a', 'some text', 'ü', 'x'.repeat(2000))
const statuses = fc.constantFrom<unknown>(200, 201, 204, 304, 404, 500, '202', 99, 1000, 'x')
const s = <T extends readonly unknown[]>(
  name: string,
  ...args: { [K in keyof T]: fc.Arbitrary<T[K]> }
): fc.Arbitrary<Step> => fc.tuple(fc.constant(name), ...args)

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: s('set', names, values) },
  s('set', badNames, values),
  s('set', names, badValues),
  s('append', names, fc.constantFrom('3', ['4', '5'])),
  s('remove', names),
  s('get', names),
  s('names'),
  s('head', statuses),
  s(
    'head',
    statuses,
    fc.constantFrom<unknown>({ 'X-C': '1' }, ['X-C', '1', 'X-D', '2'], { 'X-C': 'a\nb' }, { 'X-C': undefined }),
  ),
  s('head', statuses, fc.constantFrom('Reason', 'a\nb'), fc.constant({ 'X-C': '1' })),
  s('status', fc.constantFrom(200, 201, 204, 404, 500)),
  s('message', fc.constantFrom('Fine', '')),
  s('flush'),
  { weight: 4, arbitrary: s('write', texts) },
  s('bytes', texts),
  s('latin1', texts),
  s('told', texts),
  s('nothing'),
  { weight: 2, arbitrary: s('end', texts) },
  s('end'),
  s('ended', texts),
  s('destroy'),
  s('fail'),
  s('drop'),
  s('cut'),
  s('data'),
  s('resume'),
  s('state'),
  { weight: 4, arbitrary: s('turn') },
  { weight: 2, arbitrary: s('later') },
)

const allPlays: fc.Arbitrary<Play> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'POST', 'HEAD'),
  version: fc.constantFrom('1.1' as const, '1.1' as const, '1.0' as const),
  content: fc.constantFrom('', '', 'content'),
  steps: fc.array(steps, { maxLength: 12 }),
})

/** Calls that end the connection, not the response. */
const breaking = /^(?:destroy|fail|drop|cut)$/

/** What is seen of one play: by the client, and inside the program. */
interface Played {
  readonly reply: Seen
  readonly log: readonly string[]
}

let plays = 0

/** @param survives whether errors thrown by calls are not caught, and no one listens for `error` events. */
async function playOn(program: Program, port: number, play: Play, survives: boolean): Promise<Played> {
  const { method, version, content, steps: done } = play
  const id = ++plays
  const told = Buffer.from(JSON.stringify({ id, play: done, survives })).toString('base64url')
  const length = content === '' ? '' : `Content-Length: ${content.length}\r\n`
  const client = new Client(port).send(
    `${method} / HTTP/${version}\r\nHost: a\r\nsteps: ${told}\r\n${length}\r\n${content}`,
  )
  const replied = client.reply(method)
  const log = survives ? [] : await program.told(id)
  const reply = await replied
  await client.leave()
  return { reply, log: (log as string[] | undefined) ?? ['nothing'] }
}

/** The parts of a play that have to be the same: results of calls, the response, and the events of the response in their order. */
function essence({ reply, log }: Played, { steps: done }: Play): unknown {
  const calls = log.filter((line) => !/^(?:req|res|told|ended|data|last) /.test(line))
  const breaks = done.findIndex(([name]) => breaking.test(name))
  // From there on, timing decides: Node.js writes during a call, Spillway at the end of a turn.
  if (breaks >= 0) return calls.slice(0, breaks)
  const events = log.filter((line) => /^res (?:prefinish|finish|close)/.test(line))
  return [calls, /cut|nothing/.test(reply.status) ? 'not whole' : reply, events, log.includes('req close')]
}

/** The results of many plays. */
export interface Modelled {
  readonly different: readonly { readonly play: Play; readonly seen: readonly [node: Played, spillway: Played] }[]
  /** Whether the process of Spillway has survived all of them. */
  readonly survived: boolean
  readonly seed: number
}

/**
 * Runs `count` plays on both servers, and as many again on Spillway alone, without error listeners and with calls that
 * throw, which its process has to survive.
 */
export async function model(
  count: number,
  installed: string,
  seed: number = Date.now() & 0x7fff_ffff,
): Promise<Modelled> {
  const node = new Program('model.mjs', ['watched'], 'node:http', installed)
  const spillway = new Program('model.mjs', [], 'Spillway', installed)
  const different: { play: Play; seen: [Played, Played] }[] = []
  try {
    const [theirs, ours] = [await node.port(), await spillway.port()]
    const all = fc.sample(allPlays, { numRuns: count, seed })
    await inParallel(all, async (play) => {
      const seen: [Played, Played] = await Promise.all([
        playOn(node, theirs, play, false),
        playOn(spillway, ours, play, false),
      ])
      if (!isDeepStrictEqual(essence(seen[0], play), essence(seen[1], play))) different.push({ play, seen })
    })
    await inParallel(
      all,
      async (play) => void (await playOn(spillway, ours, { ...play, steps: [...play.steps, ['throw']] }, true)),
    )
    return { different, survived: spillway.isAlive, seed }
  } finally {
    node.kill()
    spillway.kill()
  }
}

/** Runs a few at a time. */
async function inParallel<T>(all: readonly T[], each: (one: T) => Promise<void>): Promise<void> {
  const left = all.values()
  await Promise.all(
    Array.from({ length: 12 }, async () => {
      for (const one of left) await each(one)
    }),
  )
}
