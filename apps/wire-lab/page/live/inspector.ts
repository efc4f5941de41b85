import type { Tried } from '../../src/model/tried.ts'
import { byId, el } from '../shared/dom.ts'
import { connectionDetails, connectionKey } from './connection-details.ts'
import type { Fetched } from './fetched.ts'
import type { Store } from './store.ts'
import { fetchedDetails, triedDetails, triedKey } from './tried-details.ts'
import { WireOf } from './wire-of.ts'

/** What the panel shows: its title, its content, and a key that changes when the content does. */
interface Shown {
  readonly title: string
  readonly key: () => string
  readonly content: () => readonly HTMLElement[]
}

/** The panel that tells all about one thing: a connection, or what a button did. */
export class Inspector {
  readonly #panel = byId('inspector')
  readonly #title = byId('inspector-title')
  readonly #body = byId('details')
  readonly #store: Store
  /** The connection shown, 0 while it is something else. */
  selected = 0
  #shown: Shown
  #key: string | undefined

  constructor(store: Store) {
    this.#store = store
    this.#shown = {
      title: 'Details',
      key: () => '',
      content: () => [
        el('p', { class: 'hint' }, 'Pick a connection to see its requests, its bytes, and why it ended.'),
        el(
          'p',
          { class: 'hint' },
          'Or press a button: what was sent, what came back and why will be here, byte for byte.',
        ),
      ],
    }
    this.refresh()
  }

  select(connection: number): void {
    this.selected = connection
    const store = this.#store
    const wire = new WireOf(connection, store.server.control, () => this.#again())
    this.#show({
      title: `Connection #${connection}`,
      key: () => {
        wire.follow(store.find(connection))
        return connectionKey(connection, store)
      },
      content: () => connectionDetails(connection, store, wire),
    })
    this.#reveal()
  }

  /** Brings what is shown up to date. */
  refresh(): void {
    const key = this.#shown.key()
    if (key === this.#key) return
    this.#key = key
    this.#title.textContent = this.#shown.title
    // What was scrolled to stays in sight.
    const scrolled = [...this.#body.querySelectorAll('.exchanges, pre')].map(({ scrollTop }) => scrollTop)
    this.#body.replaceChildren(...this.#shown.content())
    for (const [i, element] of [...this.#body.querySelectorAll('.exchanges, pre')].entries())
      if (scrolled[i]) element.scrollTop = scrolled[i]
  }

  /** Something has been started whose result is not there yet. */
  working(title: string): void {
    this.#static(title, [el('p', { class: 'hint busy' }, 'Under way …')])
  }

  failed(title: string, message: string): void {
    this.#static(title, [el('p', { class: 'verdict bad' }, message)])
  }

  tried(tried: Tried): void {
    const store = this.#store
    this.selected = 0
    this.#show({ title: tried.title, key: () => triedKey(tried, store), content: () => triedDetails(tried, store) })
    this.#reveal()
  }

  fetched(title: string, note: string, results: readonly Fetched[]): void {
    this.#static(title, fetchedDetails(note, results))
    this.#reveal()
  }

  #static(title: string, content: readonly HTMLElement[]): void {
    this.selected = 0
    this.#show({ title, key: () => '', content: () => content })
  }

  #show(shown: Shown): void {
    this.#shown = shown
    this.#again()
  }

  #again(): void {
    this.#key = undefined
    this.refresh()
  }

  /** On a narrow screen the panel is below what was pressed. */
  #reveal(): void {
    this.#panel.scrollTop = 0
    if (innerWidth < 1000) this.#panel.scrollIntoView({ block: 'start' })
  }
}
