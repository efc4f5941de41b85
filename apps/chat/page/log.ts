// The messages that the page shows.
import type { Message } from '../src/events.ts'
import { avatar, byId, make } from './dom.ts'
import { dayOf, timeOf, written } from './text.ts'

/** A message of ours has no number until it is acknowledged. */
export type Shown = Omit<Message, 'id'> & { readonly id: number | undefined; readonly trouble?: string }

/** Milliseconds within which messages of one person are shown as a group. */
const together = 5 * 60_000

const list = byId<HTMLOListElement>('messages')
const frame = byId('frame')

/** The messages of the room that is shown. */
export class Log {
  readonly #me: string
  #messages: Shown[] = []
  /** The elements of messages that are not acknowledged yet. */
  #pending: Shown[] = []

  constructor(me: string) {
    this.#me = me
  }

  get oldest(): number | undefined {
    return this.#messages[0]?.id
  }

  get newest(): number {
    return this.#messages.at(-1)?.id ?? 0
  }

  get count(): number {
    return this.#messages.length + this.#pending.length
  }

  /** Shows these and no others. */
  replace(messages: readonly Message[]): void {
    this.#messages = [...messages]
    const kept = new Set(messages.map(({ key }) => key))
    this.#pending = this.#pending.filter(({ key }) => !kept.has(key))
    this.#draw()
    toEnd()
  }

  /** Adds older messages at the top, without moving those that are visible. */
  prepend(messages: readonly Message[]): void {
    const fromEnd = frame.scrollHeight - frame.scrollTop
    this.#messages = [...messages, ...this.#messages]
    this.#draw()
    frame.scrollTop = frame.scrollHeight - fromEnd
  }

  add(message: Message): void {
    if (message.id <= this.newest) return
    const wasAtEnd = isAtEnd()
    this.#messages.push(message)
    const index = this.#pending.findIndex(({ key }) => key === message.key)
    if (index >= 0) this.#pending.splice(index, 1)
    // Messages that wait are at the bottom, and move up when they are acknowledged.
    if (index >= 0 || this.#pending.length > 0) this.#draw()
    else this.#append(message, this.#messages.at(-2))
    if (wasAtEnd || message.from === this.#me) toEnd()
  }

  wait(key: string, text: string): void {
    const message = { id: undefined, from: this.#me, text, at: new Date().toISOString(), key }
    const before = this.#pending.at(-1) ?? this.#messages.at(-1)
    this.#pending.push(message)
    this.#append(message, before)
    toEnd()
  }

  refuse(key: string, trouble: string): void {
    this.#pending = this.#pending.map((one) => (one.key === key ? { ...one, trouble } : one))
    this.#draw()
  }

  #draw(): void {
    list.replaceChildren()
    let before: Shown | undefined
    for (const message of [...this.#messages, ...this.#pending]) {
      this.#append(message, before)
      before = message
    }
  }

  #append(message: Shown, before: Shown | undefined): void {
    const at = new Date(message.at)
    const earlier = before && new Date(before.at)
    if (dayOf(at) !== (earlier && dayOf(earlier))) list.append(make('li', 'day', make('span', '', dayOf(at))))
    const follows = before?.from === message.from && earlier && at.getTime() - earlier.getTime() < together
    const item = make('li', follows ? 'follows' : 'first')
    item.dataset['key'] = message.key
    if (message.from === this.#me) item.classList.add('mine')
    const time = make('time', '', timeOf(at))
    time.dateTime = message.at
    if (follows) item.append(time)
    else item.append(avatar(message.from), make('p', 'who', message.from, time))
    item.append(written(message.text))
    if (message.trouble !== undefined) item.append(make('p', 'trouble', message.trouble))
    else if (message.id === undefined) item.append(make('p', 'waits', 'sending …'))
    list.append(item)
  }
}

function isAtEnd(): boolean {
  return frame.scrollHeight - frame.scrollTop - frame.clientHeight < 80
}

function toEnd(): void {
  frame.scrollTop = frame.scrollHeight
}
