// The page's connection to a room, which comes back by itself.
import type { ChatEvent, PageMessage } from '../src/events.ts'
import { Refused, ask } from './api.ts'

/** How the page hears of what happens. */
export type State = 'connecting' | 'socket' | 'events'

/** What a connection tells the page. */
export interface Listener {
  event(event: ChatEvent): void
  state(state: State): void
  /** The session is over. */
  signedOut(): void
}

interface Waiting {
  readonly key: string
  readonly text: string
}

/** Attempts without success after which events are tried: something on the way does not let WebSockets pass. */
const attempts = 2
/** Milliseconds until the next attempt; each time twice as many, up to the last. */
const delays = { first: 200, last: 5000 }
/** Milliseconds between two words of somebody's typing. */
const typingPace = 2000

/** Whether the address asks for events, as somebody does who wants to see them. */
const prefersEvents = new URLSearchParams(location.search).get('by') === 'events'

/** What keeps a page in touch with a room. It comes back by itself, and sends what was not acknowledged again, under the same key. */
export class Connection {
  readonly room: string
  readonly #listener: Listener
  readonly #waiting: Waiting[] = []
  #last: number
  #socket: WebSocket | undefined
  #events: EventSource | undefined
  #isOpen = false
  #isSending = false
  #isClosed = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #typedAt = -Infinity
  readonly #soon = (): void => this.#open()

  /** @param last the message that was seen last. */
  constructor(room: string, last: number, listener: Listener) {
    this.room = room
    this.#last = last
    this.#listener = listener
    addEventListener('online', this.#soon)
    this.#open()
  }

  /** Messages that nobody has acknowledged. */
  get unsent(): number {
    return this.#waiting.length
  }

  say(key: string, text: string): void {
    this.#waiting.push({ key, text })
    void this.#send()
  }

  typing(): void {
    if (!this.#isOpen || performance.now() < this.#typedAt + typingPace) return
    this.#typedAt = performance.now()
    if (this.#socket) this.#write({ do: 'type' })
    else void ask('POST', `/rooms/${this.room}/typing`).catch(() => {})
  }

  close(): void {
    this.#isClosed = true
    removeEventListener('online', this.#soon)
    clearTimeout(this.#retry)
    this.#leave()
  }

  #open(): void {
    if (this.#isClosed || this.#socket || this.#events) return
    clearTimeout(this.#retry)
    this.#listener.state('connecting')
    const path = `/api/rooms/${this.room}`
    const take = ({ data }: MessageEvent): void => this.#take(JSON.parse(data as string) as ChatEvent)
    if (prefersEvents || this.#failures >= attempts) {
      const events = (this.#events = new EventSource(`${path}/events?after=${this.#last}`))
      events.addEventListener('open', () => this.#opened('events'))
      events.addEventListener('message', take)
      events.addEventListener('error', () => this.#lost(events))
    } else {
      const socket = (this.#socket = new WebSocket(`${path}/socket?after=${this.#last}`))
      socket.addEventListener('open', () => this.#opened('socket'))
      socket.addEventListener('message', take)
      socket.addEventListener('close', () => this.#lost(socket))
    }
  }

  #opened(state: State): void {
    this.#isOpen = true
    this.#failures = 0
    this.#listener.state(state)
    void this.#send()
  }

  #leave(): void {
    const [socket, events] = [this.#socket, this.#events]
    this.#socket = this.#events = undefined
    this.#isOpen = this.#isSending = false
    socket?.close()
    events?.close()
  }

  #lost(which: WebSocket | EventSource): void {
    if (which !== this.#socket && which !== this.#events) return
    if (!this.#isOpen) this.#failures++
    this.#leave()
    if (this.#isClosed) return
    this.#listener.state('connecting')
    const delay = Math.min(delays.last, delays.first * 2 ** this.#failures)
    this.#retry = setTimeout(() => void this.#comeBack(), delay * (0.5 + Math.random() / 2))
  }

  /** A WebSocket does not say why it was refused; a request does. */
  async #comeBack(): Promise<void> {
    try {
      await ask('GET', '/session')
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return this.#listener.signedOut()
    }
    this.#open()
  }

  #take(event: ChatEvent): void {
    if (event.is === 'entered') this.#last = event.messages.at(-1)?.id ?? this.#last
    if (event.is === 'message') {
      const { id } = event.message
      if (id <= this.#last) return
      // One is missing between. Whoever comes in again is given it.
      if (id > this.#last + 1) return this.#again()
      this.#last = id
    }
    if (event.is === 'kept') this.#done(event.key)
    if (event.is === 'refused') this.#done(event.key)
    this.#listener.event(event)
  }

  #again(): void {
    this.#leave()
    this.#open()
  }

  #done(key: string): void {
    const index = this.#waiting.findIndex((one) => one.key === key)
    if (index >= 0) this.#waiting.splice(index, 1)
    this.#isSending = false
    void this.#send()
  }

  /** One at a time, the next when the one before is kept: in order, and at the pace of the server. */
  async #send(): Promise<void> {
    const [next] = this.#waiting
    if (!next || !this.#isOpen || this.#isSending) return
    this.#isSending = true
    if (this.#socket) return this.#write({ do: 'say', ...next })
    const { key } = next
    try {
      const { id } = (await ask('POST', `/rooms/${this.room}/messages`, next)) as { id: number }
      this.#take({ is: 'kept', key, id })
    } catch (error) {
      const isFinal = error instanceof Refused && error.status < 500 && error.status !== 429 && error.status !== 401
      if (isFinal) this.#take({ is: 'refused', key, why: error.message })
      else {
        await new Promise((resolve) => setTimeout(resolve, delays.last / 5))
        this.#isSending = false
        void this.#send()
      }
    }
  }

  #write(message: PageMessage): void {
    this.#socket?.send(JSON.stringify(message))
  }
}
