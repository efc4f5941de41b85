// A new connection: added to the server's accounts, or turned away.
import { type Member, Place, type ServerCore } from '../server/server-core.ts'
import { tapped } from '../server/wire-tap.ts'
import type { Transport } from '../transport/transport.ts'
import { Connection } from './connection.ts'

/** What an accepted transport becomes at first. */
export type FirstMember = (core: ServerCore, transport: Transport, id: number) => Member

/** Starts a connection on an accepted transport: what `make` makes or, when the server is full, one of HTTP/1 that says 503 and ends. */
export function accept(core: ServerCore, transport: Transport, make: FirstMember = connectionOf): void {
  const id = core.nextId()
  const place = core.admit({ id, peer: transport.peer })
  if (place === Place.None) return transport.destroy()
  const member = make(core, tapped(transport, core.server, id), id)
  core.enter(member, place)
  core.opened(member)
  if (place === Place.TurnedAway && member instanceof Connection) member.turnAway()
}

function connectionOf(core: ServerCore, transport: Transport, id: number): Connection {
  return new Connection(core, transport, id)
}
