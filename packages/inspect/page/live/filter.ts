import type { Connection, WireEvent } from '../../src/model/events.ts'
import { type Query, matchesConnection, matchesEvent, parseQuery } from '../../src/model/query.ts'
import { byId, setText } from '../shared/dom.ts'

/** The search in the page's field; it matches everything while the field is empty or missing. */
export class Filter {
  #query: Query = parseQuery('')

  /** @param changed is called when the search has changed. */
  constructor(changed: () => void) {
    const field = document.getElementById('filter') as HTMLInputElement | null
    if (!field) return
    const hide = document.getElementById('hide-own') as HTMLInputElement | null
    const read = (): void => {
      this.#query = { ...parseQuery(field.value), own: !hide?.checked, base: new URL('.', location.href).pathname }
      setText(byId('filter-error'), this.#query.problem)
    }
    for (const element of [field, hide])
      element?.addEventListener('input', () => {
        read()
        changed()
      })
    // The browser may have restored what was typed before.
    read()
  }

  connection(connection: Connection, you: number): boolean {
    return matchesConnection(this.#query, connection, you)
  }

  event(event: WireEvent, connection: Connection | undefined, you: number): boolean {
    return matchesEvent(this.#query, event, connection, you)
  }
}
