import type { Connection, WireEvent } from '../../src/model/events.ts'
import { type Query, matchesConnection, matchesEvent, parseQuery } from '../../src/model/query.ts'
import { byId, setText } from '../shared/dom.ts'

/** What somebody looks for, in the field of the page; everything while that is empty, or not there. */
export class Filter {
  #query: Query = parseQuery('')

  /** @param changed is called when it is something else. */
  constructor(changed: () => void) {
    const field = document.getElementById('filter') as HTMLInputElement | null
    if (!field) return
    const hide = document.getElementById('hide-own') as HTMLInputElement | null
    const read = (): void => {
      this.#query = { ...parseQuery(field.value), own: !hide?.checked }
      setText(byId('filter-error'), this.#query.problem)
    }
    for (const element of [field, hide])
      element?.addEventListener('input', () => {
        read()
        changed()
      })
    // A browser may have kept what was typed.
    read()
  }

  connection(connection: Connection, you: number): boolean {
    return matchesConnection(this.#query, connection, you)
  }

  event(event: WireEvent, connection: Connection | undefined, you: number): boolean {
    return matchesEvent(this.#query, event, connection, you)
  }
}
