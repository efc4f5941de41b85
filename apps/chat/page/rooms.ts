import type { ChatEvent } from '../src/events.ts'
import { ask, older, rooms as askRooms } from './api.ts'
import { Connection, type State } from './connection.ts'
import { avatar, byId, make } from './dom.ts'
import { Log } from './log.ts'

const states: Readonly<Record<State, string>> = {
  connecting: 'connecting …',
  lost: 'connection lost, trying again …',
  socket: 'live',
  events: 'live, by events',
}
/** Milliseconds for which somebody who types is shown. */
const typingFor = 4000

const text = byId<HTMLTextAreaElement>('text')
const frame = byId('frame')
const typing = byId('typing')

/** The rooms, of which one is open. */
export class Rooms {
  readonly #me: string
  readonly #onEnd: () => void
  readonly #seen: Seen
  readonly #last: Map<string, number> = new Map()
  readonly #typing: Map<string, ReturnType<typeof setTimeout>> = new Map()
  readonly #stop: AbortController = new AbortController()
  #connection: Connection | undefined
  #log: Log
  #isAsking = false
  #hasOlder = true

  /** @param onEnd the session is over. */
  constructor(me: string, onEnd: () => void) {
    this.#me = me
    this.#onEnd = onEnd
    this.#seen = new Seen(me)
    this.#log = new Log(me)
    const { signal } = this.#stop
    addEventListener('hashchange', () => this.#open(roomOfAddress()), { signal })
    byId('say').addEventListener('submit', (event) => this.#say(event), { signal })
    text.addEventListener('keydown', (event) => this.#key(event), { signal })
    text.addEventListener('input', () => this.#connection?.typing(), { signal })
    byId('new-room').addEventListener('submit', (event) => void this.#make(event), { signal })
    frame.addEventListener('scroll', () => void this.#older(), { signal })
    for (const [button, drawer] of [
      ['show-rooms', 'rooms'],
      ['show-people', 'people'],
    ] as const)
      byId(button).addEventListener('click', () => toggle(button, drawer), { signal })
    frame.addEventListener('click', () => closeDrawers(), { signal })
    text.addEventListener('focus', () => closeDrawers(), { signal })
    addEventListener('keydown', ({ key }) => key === 'Escape' && closeDrawers(), { signal })
    void this.#begin()
  }

  close(): void {
    this.#stop.abort()
    this.#connection?.close()
  }

  async #begin(): Promise<void> {
    for (const { name, last } of await askRooms()) this.#last.set(name, last)
    this.#open(roomOfAddress())
  }

  #open(wanted: string): void {
    const room = this.#last.has(wanted) ? wanted : 'general'
    if (room === this.#connection?.room) return
    this.#connection?.close()
    this.#log = new Log(this.#me)
    this.#log.replace([])
    this.#hasOlder = true
    byId('room').textContent = room
    text.placeholder = `Message #${room}`
    this.#nobodyTypes()
    this.#connection = new Connection(room, 0, {
      event: (event) => this.#take(event),
      state: (state) => this.#state(state),
      signedOut: this.#onEnd,
    })
    closeDrawers()
    this.#list()
    if (matchMedia('(hover: hover)').matches) text.focus()
  }

  #take(event: ChatEvent): void {
    if (event.is === 'entered') {
      if (event.isFresh) this.#log.replace(event.messages)
      else for (const message of event.messages) this.#log.add(message)
      this.#read()
    } else if (event.is === 'message') {
      this.#nobodyTypes(event.message.from)
      this.#log.add(event.message)
      this.#read()
    } else if (event.is === 'refused') this.#log.refuse(event.key, event.why)
    else if (event.is === 'people') this.#people(event.people, event.count)
    else if (event.is === 'typing') this.#types(event.from)
    else if (event.is === 'news') {
      this.#last.set(event.room, Math.max(event.id, this.#last.get(event.room) ?? 0))
      this.#list()
    } else if (event.is === 'room' && !this.#last.has(event.room)) {
      this.#last.set(event.room, 0)
      this.#list()
    }
    if (event.is === 'kept') this.#unsent()
    byId('empty').hidden = this.#log.count > 0
  }

  #read(): void {
    const { room } = this.#connection!
    this.#last.set(room, this.#log.newest)
    this.#seen.set(room, this.#log.newest)
    this.#list()
  }

  #state(state: State): void {
    const live = byId('live')
    live.dataset['state'] = state
    live.textContent = states[state]
    this.#unsent()
  }

  #unsent(): void {
    const count = this.#connection?.unsent ?? 0
    byId('unsent').textContent = count === 0 ? '' : count === 1 ? '1 message waits' : `${count} messages wait`
  }

  /** The rooms, with how much is new in them. */
  #list(): void {
    const open = this.#connection?.room
    let news = 0
    const items = [...this.#last]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([room, last]) => {
        const link = make('a', '', make('span', 'hash', '#'), room)
        link.href = `#${room}`
        if (room === open) link.setAttribute('aria-current', 'page')
        const unread = room === open ? 0 : this.#seen.unread(room, last)
        news += unread
        if (unread > 0) {
          const badge = make('b', 'badge', unread > 99 ? '99+' : String(unread))
          badge.append(make('span', 'for-ears', ' new'))
          link.append(badge)
        }
        return make('li', '', link)
      })
    byId('room-list').replaceChildren(...items)
    document.title = `${news > 0 ? `(${news}) ` : ''}#${open} – Spillway chat`
  }

  #people(people: readonly string[], count: number): void {
    for (const shown of document.querySelectorAll('.count')) shown.textContent = String(count)
    const items = people.map((name) => make('li', '', avatar(name), make('span', '', name)))
    if (count > people.length) items.push(make('li', 'rest', `and ${count - people.length} more`))
    byId('people-list').replaceChildren(...items)
  }

  #types(from: string): void {
    if (from === this.#me) return
    clearTimeout(this.#typing.get(from))
    this.#typing.set(
      from,
      setTimeout(() => this.#nobodyTypes(from), typingFor),
    )
    this.#showTyping()
  }

  /** @param who or anybody. */
  #nobodyTypes(who?: string): void {
    for (const [name, timer] of this.#typing)
      if (who === undefined || name === who) {
        clearTimeout(timer)
        this.#typing.delete(name)
      }
    this.#showTyping()
  }

  #showTyping(): void {
    const names = [...this.#typing.keys()]
    const [first, second] = names
    typing.textContent =
      names.length === 0
        ? ''
        : names.length === 1
          ? `${first} is typing …`
          : names.length === 2
            ? `${first} and ${second} are typing …`
            : 'Several people are typing …'
  }

  #key(event: KeyboardEvent): void {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return
    event.preventDefault()
    byId<HTMLFormElement>('say').requestSubmit()
  }

  #say(event: Event): void {
    event.preventDefault()
    const said = text.value.trim()
    if (said === '') return
    const key = crypto.randomUUID()
    text.value = ''
    this.#log.wait(key, said)
    this.#connection!.say(key, said)
    byId('empty').hidden = true
    this.#unsent()
  }

  async #make(event: Event): Promise<void> {
    event.preventDefault()
    const input = byId<HTMLInputElement>('new-name')
    const name = input.value.trim().toLowerCase().replaceAll(/\s+/g, '-')
    const trouble = byId('room-trouble')
    trouble.textContent = ''
    try {
      await ask('POST', '/rooms', { name })
      input.value = ''
      if (!this.#last.has(name)) this.#last.set(name, 0)
      location.hash = name
    } catch (error) {
      trouble.textContent = (error as Error).message
    }
  }

  /** Who scrolls to the beginning is given what was before. */
  async #older(): Promise<void> {
    const { oldest } = this.#log
    if (frame.scrollTop > 100 || oldest === undefined || this.#isAsking || !this.#hasOlder) return
    const log = this.#log
    this.#isAsking = true
    try {
      const { messages, hasMore } = await older(this.#connection!.room, oldest)
      if (log !== this.#log) return
      this.#hasOlder = hasMore
      log.prepend(messages)
    } finally {
      this.#isAsking = false
    }
  }
}

function toggle(button: string, drawer: string): void {
  const isOpen = byId('chat').dataset['drawer'] === drawer
  closeDrawers()
  if (isOpen) return
  byId('chat').dataset['drawer'] = drawer
  byId(button).setAttribute('aria-expanded', 'true')
}

function closeDrawers(): void {
  delete byId('chat').dataset['drawer']
  for (const button of ['show-rooms', 'show-people']) byId(button).setAttribute('aria-expanded', 'false')
}

function roomOfAddress(): string {
  return decodeURIComponent(location.hash.slice(1)) || 'general'
}

/** How far somebody has read, for when they come back. */
class Seen {
  readonly #key: string
  readonly #rooms: Record<string, number>

  constructor(me: string) {
    this.#key = `seen by ${me}`
    this.#rooms = JSON.parse(localStorage.getItem(this.#key) ?? '{}') as Record<string, number>
  }

  unread(room: string, last: number): number {
    return Math.max(0, last - (this.#rooms[room] ?? 0))
  }

  set(room: string, last: number): void {
    this.#rooms[room] = last
    localStorage.setItem(this.#key, JSON.stringify(this.#rooms))
  }
}
