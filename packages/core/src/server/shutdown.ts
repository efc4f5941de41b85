// The end of a server: idle connections go at once, the others are given time.
import { longestTimer } from './clock.ts'
import type { ServerCore } from './server-core.ts'
import type { Closed } from './server.ts'

/**
 * One press of Ctrl-C can arrive twice: from the terminal, which signals every process in the foreground, and from npm or npx, which
 * pass on the signal they received. Milliseconds.
 */
export const samePress: number = 500

/**
 * Milliseconds for which a connection without a request stays open when the server shuts down: a request may be on its way, or the
 * client may not have heard of the end yet.
 */
export const shutdownGrace: number = 500

/** Bytes that are read and dropped behind the end of our side of a connection, so that its last bytes are not reset away. */
export const lingerBytes: number = 16 * 1024 * 1024

/**
 * @internal Ends every connection of a server that accepts no more.
 * @param hurried gets a function that brings the deadline forward: milliseconds from its call.
 */
export async function shutdown(
  core: ServerCore,
  deadline: number,
  hurried: (hurry: (deadline: number) => void) => void = () => {},
): Promise<Closed> {
  const open = core.open.size
  for (const connection of core.open) connection.shutdown()
  const cut = (): void => {
    core.killed = [...core.open]
    for (const connection of core.killed) connection.kill()
  }
  let end = performance.now() + deadline
  let timer = setTimeout(cut, Math.min(deadline, longestTimer))
  hurried((sooner) => {
    if (performance.now() + sooner >= end) return
    end = performance.now() + sooner
    clearTimeout(timer)
    timer = setTimeout(cut, sooner)
  })
  await core.empty()
  clearTimeout(timer)
  core.clock.stop()
  const { length: killed } = core.killed
  return { drained: open - killed, killed }
}
