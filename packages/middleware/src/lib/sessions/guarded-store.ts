import type { MaybePromise } from '@spillway/core'
import { after } from '../layers/maybe-promise.ts'
import { Patient, away } from '../tools/patient.ts'
import type { SessionStore } from './store.ts'

/** What becomes of requests while a store is away. */
export interface AwayOptions {
  readonly whenAway: 'open' | 'closed'
  readonly patience: number
  readonly onError: (error: unknown) => void
}

/** A store of sessions does not answer, and somebody needs it. */
export class StoreAway extends Error {}

/** A store that may be away: who needs it fails with {@link StoreAway}, or goes on as if there were no session. */
export function guardedSessions(store: SessionStore, { whenAway, patience, onError }: AwayOptions): SessionStore {
  const patient = new Patient('The store of sessions', patience, onError)
  const ask = <T>(question: () => MaybePromise<T>): MaybePromise<T | undefined> =>
    after<T | typeof away, T | undefined>(patient.ask(question), (answer) => {
      if (answer !== away) return answer
      if (whenAway === 'open') return undefined
      throw new StoreAway()
    })
  return {
    get: (key, seconds) => ask(() => store.get(key, seconds)),
    create: (key, record, seconds) => ask(() => store.create(key, record, seconds)),
    update: (key, record, seconds) => ask(() => store.update(key, record, seconds)),
    delete: (key) => ask(() => store.delete(key)),
  }
}
