// The end of a server: who has nothing to do goes at once, who has is given time.
import { longestTimer } from './clock.ts'
import type { ServerCore } from './server-core.ts'
import type { Closed } from './server.ts'

/**
 * One press of Ctrl-C can come twice: from the terminal, which tells everybody in front of it, and from npm or npx, which
 * pass on what they got themselves. Milliseconds.
 */
export const samePress: number = 500

/**
 * Milliseconds that a connection without a request is left open when the server shuts down: a request may be on its way, or the
 * client may still have to hear of the end.
 */
export const shutdownGrace: number = 500

/**
 * @internal Ends every connection of a server that accepts no more.
 * @param hurried given a function that brings the deadline forward: milliseconds from its call.
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
