import { Place, type ServerCore } from '../server/server-core.ts'
import { tapped } from '../server/wire-tap.ts'
import type { Transport } from '../transport/transport.ts'
import { Connection } from './connection.ts'

/** Starts a connection of HTTP/1 on an accepted transport; when the server is full, one that says 503 and ends. */
export function accept(core: ServerCore, transport: Transport): void {
  const id = core.nextId()
  const place = core.admit({ id, peer: transport.peer })
  if (place === Place.None) return transport.destroy()
  const connection = new Connection(core, tapped(transport, core.server, id), id)
  core.enter(connection, place)
  core.opened(connection)
  if (place === Place.TurnedAway) connection.turnAway()
}
