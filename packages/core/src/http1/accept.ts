// A new connection: into the server's books, or turned away.
import { type Member, Place, type ServerCore } from '../server/server-core.ts'
import { tapped } from '../server/wire-tap.ts'
import type { Transport } from '../transport/transport.ts'
import { Connection } from './connection.ts'

/** What an accepted transport becomes first. */
export type FirstMember = (core: ServerCore, transport: Transport, id: number) => Member

/** Starts a connection on an accepted transport: of HTTP/1, which says 503 and ends when the server is full, or what is made. */
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
