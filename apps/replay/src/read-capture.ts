import { Connections, packetsOf, type Source } from '@spillway/inspect/capture'
import { Collector } from './collector.ts'
import type { Unnumbered } from './transaction.ts'

/** The transactions of a capture, each as soon as its response is complete. */
export function* readCapture(source: Source, keep: number): Generator<Unnumbered> {
  const done: Unnumbered[] = []
  const connections = new Connections(() => new Collector((one) => done.push(one), keep))
  for (const packet of packetsOf(source)) {
    connections.packet(packet)
    if (done.length > 0) yield* done.splice(0)
  }
  connections.finish()
  yield* done
}
