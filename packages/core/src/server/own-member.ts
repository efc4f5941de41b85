// Which connection the running code belongs to: waiting for all connections must not include the one that waits.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Waiter, waiterNamed } from '../exchange/dispatch.ts'
import { type Scope, scopeOfNow, scopesInUse, within } from '../exchange/scope.ts'
import type { Member } from './server-core.ts'

/** The connection of an exchange; where async contexts are kept, it is found after every `await` of its handlers. */
const owners = new AsyncLocalStorage<Member>()

/** Where the exchanges of a connection begin. @param server where its server was made */
export function scopeOfMember(member: Member, server: Scope): Scope {
  return within(server, () => owners.run(member, scopeOfNow))
}

const waiter = waiterNamed('spillway')

// decision 082
/**
 * Who waits for the handlers of a connection. Where no contexts are kept it bears the number of the connection in its name: it stands at
 * the end of the stack of whatever they await.
 */
export function waiterOf(member: Member): Waiter {
  if (scopesInUse()) return waiter
  return (member.waiter ??= waiterNamed(`spillway_connection_${member.id}`))
}

/** The connection whose handler runs now, or has led here, among those that are open; undefined as well where nobody knows. */
export function memberOfNow(open: ReadonlySet<Member>): Member | undefined {
  const owner = owners.getStore()
  if (owner) return open.has(owner) ? owner : undefined
  const ids = idsInStack()
  return ids.length === 0 ? undefined : [...open].find(({ id }) => ids.includes(id))
}

/** Whose work the code of now is awaited by, as far as V8 tells: it writes whoever awaits into the stack. */
function idsInStack(): number[] {
  const { stackTraceLimit } = Error
  try {
    Error.stackTraceLimit = Infinity
    const stack = String(new Error().stack)
    return [...stack.matchAll(/\bspillway_connection_(\d+)/g)].map(([, id]) => Number(id))
  } catch {
    // An application may have frozen `Error`, or print stacks in a way of its own that fails.
    return []
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
