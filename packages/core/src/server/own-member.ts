// Which connection the running code belongs to: waiting for all connections must not include the one that waits.
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Scope, scopeOfNow, within } from '../exchange/scope.ts'
import type { Member } from './server-core.ts'

/** The connection of an exchange; where async contexts are kept, it is found after every `await` of its handlers. */
const owners = new AsyncLocalStorage<Member>()

/** Where the exchanges of a connection begin. @param server where its server was made */
export function scopeOfMember(member: Member, server: Scope): Scope {
  return within(server, () => owners.run(member, scopeOfNow))
}

/** The connection whose handler is running, or has led here; also undefined where no async contexts are kept. */
export function memberOfNow(): Member | undefined {
  return owners.getStore()
}
