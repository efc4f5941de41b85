import { byId, el } from '../shared/dom.ts'
import { connectionDetails, connectionKey } from './connection-details.ts'
import type { Store } from './store.ts'
import { WireOf } from './wire-of.ts'

/** What the panel shows: its title, its content, and a key that changes when the content does. */
interface Shown {
  readonly title: string
  readonly key: () => string
  readonly content: () => readonly HTMLElement[]
}

/** The panel that shows everything about one thing, usually a connection. */
export class Inspector {
  readonly #panel = byId('inspector')
  readonly #title = byId('inspector-title')
  readonly #body = byId('details')
  readonly #store: Store
  readonly #hint: string
  /** The connection shown; 0 while something else is shown. */
  selected = 0
  #shown: Shown
  #key: string | undefined
  /** The code that shows a complete exchange; loaded on demand, as few users need it. */
  #whole: Pick<typeof import('./exchange-details.ts'), 'exchangeDetails' | 'exchangeKey'> | undefined

  /** @param hint about what else can be done on the page. */
  constructor(store: Store, hint: string) {
    this.#store = store
    this.#hint = hint
    this.#shown = this.#nothing
    this.refresh()
  }

  get #nothing(): Shown {
    return {
      title: 'Details',
      key: () => '',
      content: () => [
        el('p', { class: 'hint' }, 'Pick a connection to see its requests, its bytes, and why it ended.'),
        el('p', { class: 'hint' }, this.#hint),
      ],
    }
  }

  /** Shows nothing in particular. */
  none(): void {
    this.selected = 0
    this.#show(this.#nothing)
  }

  select(connection: number): void {
    this.selected = connection
    const store = this.#store
    const wire = new WireOf(connection, store, () => this.#again())
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

  /** Shows one complete exchange. */
  selectExchange(connection: number, exchange: number): void {
    this.selected = connection
    const store = this.#store
    const wire = new WireOf(connection, store, () => this.#again())
    this.#show({
      title: `Connection #${connection}, request ${exchange}`,
      key: () => {
        wire.follow(store.find(connection))
        return this.#whole?.exchangeKey(exchange, wire) ?? ''
      },
      content: () => this.#whole?.exchangeDetails(connection, exchange, store, wire) ?? [underWay()],
    })
    if (!this.#whole)
      // Destructured, so that a search for unused exports sees which ones are used.
      void import('./exchange-details.ts').then(({ exchangeDetails, exchangeKey }) => {
        this.#whole = { exchangeDetails, exchangeKey }
        this.#again()
      })
    this.#reveal()
  }

  /** Updates what is shown. */
  refresh(): void {
    const key = this.#shown.key()
    if (key === this.#key) return
    this.#key = key
    this.#title.textContent = this.#shown.title
    // Keeps the scroll positions.
    const scrolled = [...this.#body.querySelectorAll('.exchanges, pre')].map(({ scrollTop }) => scrollTop)
    this.#body.replaceChildren(...this.#shown.content())
    for (const [i, element] of [...this.#body.querySelectorAll('.exchanges, pre')].entries())
      if (scrolled[i]) element.scrollTop = scrolled[i]
  }

  /** Shows that something has been started whose result is not there yet. */
  working(title: string): void {
    this.#static(title, [underWay()])
  }

  failed(title: string, message: string): void {
    this.#static(title, [el('p', { class: 'verdict bad' }, message)])
  }

  /** Shows something other than a connection. @param key changes when the content does; without a key, it never does. */
  other(
    title: string,
    content: (store: Store) => readonly HTMLElement[],
    key: (store: Store) => string = () => '',
  ): void {
    this.selected = 0
    const store = this.#store
    this.#show({ title, key: () => key(store), content: () => content(store) })
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

  /** On a narrow screen, the panel is below the thing that was selected. */
  #reveal(): void {
    this.#panel.scrollTop = 0
    if (innerWidth < 1000) this.#panel.scrollIntoView({ block: 'start' })
  }
}

function underWay(): HTMLElement {
  return el('p', { class: 'hint busy' }, 'Under way …')
}
