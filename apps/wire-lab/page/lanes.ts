import type { Connection } from '../src/model/events.ts'
import { reasons } from '../src/model/reasons.ts'
import { byId, el, setText } from './dom.ts'
import { formatMs } from './format.ts'
import { type Store, roleText } from './store.ts'

/** Lanes at a time; the newest connections when there are more. */
const mostLanes = 40

/** The connections to draw: the viewer's own on top, then the newest first; closed ones while they are within the span. */
export function lanesOf({ state, you }: Store, now: number, span: number): Connection[] {
  const own = state.open.get(you)
  const closed = state.closed.filter(({ close }) => close !== undefined && close.at > now - span)
  const others = [...closed, ...state.open.values()].filter((connection) => connection !== own)
  const newest = others.toSorted((a, b) => b.id - a.id).slice(0, mostLanes)
  return own ? [own, ...newest] : newest
}

/** What a connection does just now, in a few words. */
export function phaseOf(connection: Connection, { server }: Pick<Store, 'server'>, now: number): string {
  const { close, idleAt, exchanges, error, ending } = connection
  if (close) return reasons[close.reason].short
  if (idleAt !== undefined) return `idle, ${seconds(server.keepAliveMs - (now - idleAt))} left`
  const last = exchanges.at(-1)
  if (error || (ending && last?.endedAt !== undefined)) return 'saying goodbye'
  if (!last) return `no request yet, ${seconds(server.headMs - (now - connection.openedAt))} left`
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

/** The labels beside the lanes: real text and real buttons, so the timeline can be read without seeing it. */
export class LaneLabels {
  readonly #list = byId('labels')
  readonly #labels: Map<number, Label> = new Map()
  #shown = ''

  show(lanes: readonly Connection[], store: Store, now: number, selected: number): void {
    for (const connection of lanes) this.#update(connection, store, now, selected)
    const order = lanes.map(({ id }) => id)
    const key = order.join()
    if (key === this.#shown) return
    this.#shown = key
    const there = new Set(order)
    for (const [id, { item }] of this.#labels)
      if (!there.has(id)) {
        item.remove()
        this.#labels.delete(id)
      }
    // Only what is out of place is moved: a button that is moved loses the focus.
    for (const [i, id] of order.entries()) {
      const { item } = this.#labels.get(id)!
      if (this.#list.children[i] !== item) this.#list.insertBefore(item, this.#list.children[i] ?? null)
    }
  }

  #update(connection: Connection, store: Store, now: number, selected: number): void {
    let label = this.#labels.get(connection.id)
    if (!label) this.#labels.set(connection.id, (label = makeLabel(connection.id)))
    const { button, who, phase, item } = label
    setText(who, roleText(connection, store.you))
    who.dataset['role'] = connection.role
    setText(phase, phaseOf(connection, store, now))
    item.classList.toggle('closed', connection.close !== undefined)
    item.classList.toggle('broken', connection.close !== undefined && !reasons[connection.close.reason].calm)
    button.setAttribute('aria-pressed', String(connection.id === selected))
  }
}

function makeLabel(id: number): Label {
  const who = el('span', { class: 'chip' })
  const phase = el('span', { class: 'phase' })
  const name = el('span', { class: 'id' }, `#${id}`)
  const button = el('button', { type: 'button', 'data-connection': String(id) }, name, ' ', who, ' ', phase)
  return { item: el('li', {}, button), button, who, phase }
}
