import { longestTimer } from './clock.ts'
import type { ServerCore } from './server-core.ts'
import type { Closed } from './server.ts'

/** @internal Ends every connection of a server that accepts no more. */
export async function shutdown(core: ServerCore, deadline: number): Promise<Closed> {
  const open = core.open.size
  let killed = 0
  for (const connection of core.open) connection.shutdown()
  const cut = (): void => {
    killed = core.open.size
    for (const connection of core.open) connection.kill()
  }
  const timer = setTimeout(cut, Math.min(deadline, longestTimer))
  await core.empty()
  clearTimeout(timer)
  core.clock.stop()
  return { drained: open - killed, killed }
}
