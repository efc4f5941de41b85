// The page's connection to a room, which reconnects by itself.
import { type ChatEvent, type PageMessage, aliveEvery } from '../src/events.ts'
import { Refused, ask } from './api.ts'

/** The ways in which the page receives events, or why it receives none. */
export type State = 'connecting' | 'lost' | 'socket' | 'events'

/** The callbacks of a connection. */
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

/** Failed attempts after which server-sent events are tried: something on the way may not let WebSockets through. */
const attempts = 2
/** Milliseconds until the next attempt: the first wait, doubled each time, and the longest. */
const delays = { first: 200, last: 5000 }
/** Milliseconds of silence after which the server has gone, though the connection has not ended: a cable, a gateway, a laptop that slept. */
const patience = 2.5 * aliveEvery
/** Milliseconds between two messages that the user is typing. */
const typingPace = 2000

/** Whether the page's URL asks for server-sent events, to try them out. */
const prefersEvents = new URLSearchParams(location.search).get('by') === 'events'

/** Connects a page with a room. It reconnects by itself, and sends messages that were not acknowledged again, under the same key. */
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
  #isLost = false
  #failures = 0
  #retry: ReturnType<typeof setTimeout> | undefined
  #silence: ReturnType<typeof setTimeout> | undefined
  #typedAt = -Infinity
  readonly #soon = (): void => this.#open()

  /** @param last the number of the last message that was received. */
  constructor(room: string, last: number, listener: Listener) {
    this.room = room
    this.#last = last
    this.#listener = listener
    addEventListener('online', this.#soon)
    this.#open()
  }

  /** Messages that are not acknowledged yet. */
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
    if (!this.#isLost) this.#listener.state('connecting')
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
    this.#heard()
  }

  #heard(): void {
    clearTimeout(this.#silence)
    this.#silence = setTimeout(() => this.#lost(this.#socket ?? this.#events), patience)
  }

  #opened(state: State): void {
    this.#isOpen = true
    this.#isLost = false
    this.#failures = 0
    this.#listener.state(state)
    void this.#send()
  }

  #leave(): void {
    clearTimeout(this.#silence)
    const [socket, events] = [this.#socket, this.#events]
    this.#socket = this.#events = undefined
    this.#isOpen = this.#isSending = false
    socket?.close()
    events?.close()
  }

  #lost(which: WebSocket | EventSource | undefined): void {
    if (!which || (which !== this.#socket && which !== this.#events)) return
    if (!this.#isOpen) this.#failures++
    this.#leave()
    if (this.#isClosed) return
    this.#isLost = true
    this.#listener.state('lost')
    const delay = Math.min(delays.last, delays.first * 2 ** this.#failures)
    this.#retry = setTimeout(() => void this.#comeBack(), delay * (0.5 + Math.random() / 2))
  }

  /** A WebSocket does not say why it was refused; a request does. */
  async #comeBack(): Promise<void> {
    try {
      await ask('GET', '/session', undefined, AbortSignal.timeout(delays.last))
    } catch (error) {
      if (error instanceof Refused && error.status === 401) return this.#listener.signedOut()
    }
    this.#open()
  }

  #take(event: ChatEvent): void {
    this.#heard()
    if (event.is === 'entered') this.#last = event.messages.at(-1)?.id ?? this.#last
    if (event.is === 'message') {
      const { id } = event.message
      if (id <= this.#last) return
      // A message is missing in between. After reconnecting, the server sends it.
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

  /** Sends one message at a time, the next when the one before is stored: in order, and at the server's pace. */
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
