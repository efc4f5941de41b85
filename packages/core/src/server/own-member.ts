// Whose exchange the code of now belongs to: what waits for all connections must not wait for the one that it is called in.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Scope, scopeOfNow, within } from '../exchange/scope.ts'
import type { Member } from './server-core.ts'

/** Of a connection; where contexts are kept, it is found behind every `await` of its handlers. */
const owners = new AsyncLocalStorage<Member>()

/** Where the exchanges of a connection begin. @param server where its server was made */
export function scopeOfMember(member: Member, server: Scope): Scope {
  return within(server, () => owners.run(member, scopeOfNow))
}

/** The connection whose handler runs now, or has led here; undefined as well where no contexts are kept. */
export function memberOfNow(): Member | undefined {
  return owners.getStore()
}
