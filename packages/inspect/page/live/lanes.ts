// Which connections get a lane, how high it is, and its label.
import type { Connection } from '../../src/model/events.ts'
import { reasons } from '../../src/model/reasons.ts'
import { byId, el, setText } from '../shared/dom.ts'
import { formatMs } from '../../src/model/format.ts'
import type { Filter } from './filter.ts'
import { type Store, roleText } from './store.ts'

/** Most lanes at a time; if there are more connections, the newest are shown. */
const mostLanes = 400
/** Heights in pixels: of a lane with a label of two lines, the minimum with a label, and the minimum of all. */
const [tall, labelled, thinnest] = [44, 20, 4]
/** Height of the list; beyond it, the list scrolls. */
const listHeight = 660
/** Up to this many lanes are labelled, even if the list has to scroll. */
const mostLabelled = 60

/** The connections to draw: the viewer's own on top, then the newest first; closed ones while they are in sight. */
export function lanesOf(
  { state, you }: Store,
  now: number,
  span: number,
  filter: Filter,
): { readonly lanes: readonly Connection[]; /** Those that there is no room for. */ readonly older: number } {
  const mine = state.open.get(you)
  const own = mine && filter.connection(mine, you) ? mine : undefined
  const closed = state.closed.filter(({ close }) => close !== undefined && close.at > now - span)
  const others = [...closed, ...state.open.values()].filter(
    (connection) => connection !== mine && filter.connection(connection, you),
  )
  const newest = others.toSorted((a, b) => b.id - a.id).slice(0, mostLanes)
  return { lanes: own ? [own, ...newest] : newest, older: others.length - newest.length }
}

/**
 * The height of each of this many lanes, so that all are visible if possible, within the limits of what can be read and seen.
 * @param most the height that they have as long as there are few.
 */
export function laneHeight(lanes: number, most: number = tall): number {
  const least = lanes <= mostLabelled ? labelled : thinnest
  return Math.max(least, Math.min(most, Math.floor(listHeight / Math.max(1, lanes))))
}

/** The height of lanes that a presenter has chosen. */
export function tallest(list: HTMLElement): number {
  return Number(list.dataset['tall']) || tall
}

/** What a connection is doing now, in a few words. */
export function phaseOf(connection: Connection, { server }: Pick<Store, 'server'>, now: number): string {
  const { close, idleAt, headAt, exchanges, error, ending, openedAt } = connection
  if (close) return reasons[close.reason].short
  const last = exchanges.at(-1)
  if (headAt !== undefined && !error)
    return `head comes in, ${seconds(server.headMs - (now - (last ? headAt : openedAt)))} left`
  if (idleAt !== undefined) return `idle, ${seconds(server.keepAliveMs - (now - idleAt))} left`
  if (error || (ending && last?.endedAt !== undefined)) return 'lingers, so that the reply arrives'
  if (!last) return `silent so far, ${seconds(server.headMs - (now - openedAt))} left`
  if (last.endedAt !== undefined) return 'open'
  return last.repliedAt === undefined
    ? 'handler at work'
    : `replying for ${formatMs(Math.max(0, now - last.repliedAt))}`
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.ceil(ms / 1000))} s`
}

interface Label {
  readonly item: HTMLElement
  readonly button: HTMLButtonElement
  readonly who: HTMLElement
  readonly phase: HTMLElement
}

/**
 * The labels beside the lanes: real text and real buttons, so that the timeline can be read without being seen. The list is one
 * tab stop; the arrow keys move within it.
 */
export class LaneLabels {
  readonly #list = byId('labels')
  readonly #labels: Map<number, Label> = new Map()
  #order: readonly number[] = []
  #shown = ''
  /** The label that gets the focus from the Tab key. */
  #current = 0

  constructor() {
    this.#list.addEventListener('keydown', (event) => this.#move(event))
  }

  show(lanes: readonly Connection[], store: Store, now: number, selected: number): void {
    const height = laneHeight(lanes.length, tallest(this.#list))
    this.#list.style.setProperty('--lane', `${height}px`)
    this.#list.dataset['size'] = height >= tall - 6 ? 'tall' : height >= labelled ? 'flat' : 'thin'
    const order = lanes.map(({ id }) => id)
    if (!order.includes(this.#current)) this.#current = order.includes(selected) ? selected : (order[0] ?? 0)
    for (const connection of lanes) this.#update(connection, store, now, selected)
    const key = order.join()
    if (key === this.#shown) return
    this.#shown = key
    this.#order = order
    const there = new Set(order)
    for (const [id, { item }] of this.#labels)
      if (!there.has(id)) {
        item.remove()
        this.#labels.delete(id)
      }
    // Only buttons that are out of place are moved, because moving a button takes the focus away from it.
    for (const [i, id] of order.entries()) {
      const { item } = this.#labels.get(id)!
      if (this.#list.children[i] !== item) this.#list.insertBefore(item, this.#list.children[i] ?? null)
    }
  }

  #update(connection: Connection, store: Store, now: number, selected: number): void {
    const { id, role, close } = connection
    let label = this.#labels.get(id)
    if (!label) this.#labels.set(id, (label = makeLabel(id)))
    const { button, who, phase, item } = label
    setText(who, roleText(connection, store.you))
    const does = phaseOf(connection, store, now)
    setText(phase, does)
    // The visible text may be cut off, or missing.
    set(button, 'title', `#${id} ${who.textContent} ${does}`)
    if (who.dataset['role'] !== role) who.dataset['role'] = role
    item.className = close ? (reasons[close.reason].calm ? 'closed' : 'closed broken') : ''
    set(button, 'aria-pressed', String(id === selected))
    set(button, 'tabindex', id === this.#current ? '0' : '-1')
  }

  #move(event: KeyboardEvent): void {
    const at = this.#order.indexOf(this.#current)
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: this.#order.length - 1 }[event.key]
    const next = to === undefined ? undefined : this.#order[to]
    if (next === undefined) return
    event.preventDefault()
    this.#labels.get(this.#current)?.button.setAttribute('tabindex', '-1')
    this.#current = next
    const { button } = this.#labels.get(next)!
    button.setAttribute('tabindex', '0')
    button.focus()
  }
}

function set(element: HTMLElement, name: string, value: string): void {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value)
}

function makeLabel(id: number): Label {
  const who = el('span', { class: 'chip' })
  const phase = el('span', { class: 'phase' })
  const name = el('span', { class: 'id' }, `#${id}`)
  const button = el('button', { type: 'button', 'data-connection': String(id) }, name, ' ', who, ' ', phase)
  return { item: el('li', {}, button), button, who, phase }
}
