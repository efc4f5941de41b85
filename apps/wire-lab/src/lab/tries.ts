// All tries of the lab's client, by name.
import type { Tried } from '../model/tried.ts'
import type { Marker, Target } from './client.ts'
import { connectionTries } from './tries/connections.ts'
import { contentTries } from './tries/content.ts'
import { refusedTries } from './tries/refused.ts'
import { slowTries } from './tries/slow.ts'
import { streamTries } from './tries/streams.ts'
import { Bench, type Try } from './tries/try.ts'

/** Everything that the lab's own client can do, by name. */
export const tries: ReadonlyMap<string, Try> = new Map(
  [connectionTries, streamTries, contentTries, slowTries, refusedTries].flatMap((group) => Object.entries(group)),
)

/** Runs one of the tries against the lab's own server; undefined when there is none by that name. */
export function runTry(
  name: string,
  target: Target,
  marker: Marker,
  restart: Bench['restart'],
): Promise<Tried> | undefined {
  const found = tries.get(name)
  return found && run(name, found, new Bench(target, found.title, marker, restart))
}

async function run(name: string, { title, note, run: start }: Try, bench: Bench): Promise<Tried> {
  const started = performance.now()
  const facts = (await start(bench)) ?? []
  return { name, title, note, facts, runs: bench.dialogues.map(({ run: one }) => one), ms: performance.now() - started }
}
