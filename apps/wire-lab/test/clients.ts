import { type Socket, connect } from 'node:net'
import type { Snapshot, WireEvent } from '@spillway/inspect/model'

/** A client that knows nothing of HTTP. */
export interface RawClient {
  readonly socket: Socket
  /** Resolves with everything received, when the server has closed. */
  readonly received: Promise<string>
}

export function rawClient(port: number, text: string): RawClient {
  const socket = connect({ port, host: '127.0.0.1' })
  let received = ''
  socket.on('data', (bytes) => (received += bytes.toString('latin1')))
  socket.on('error', () => {})
  socket.write(text, 'latin1')
  return { socket, received: new Promise((resolve) => socket.on('close', () => resolve(received))) }
}

/** Follows a lab's events the way its page does. */
export class Watcher {
  readonly events: WireEvent[] = []
  readonly ended: Promise<void>
  snapshot: Snapshot | undefined
  readonly #abort = new AbortController()
  #wake: (() => void)[] = []

  constructor(url: string) {
    // Leaving makes the read fail, which is expected; the tests wait with `until`.
    this.ended = this.#follow(`${url}/events`).catch(() => {})
  }

  /** Resolves with the first matching event, whether already seen or still to come. */
  async until<E extends WireEvent>(fits: (event: WireEvent) => event is E): Promise<E> {
    for (;;) {
      const found = this.events.find(fits)
      if (found) return found
      await this.#news()
    }
  }

  async first(): Promise<Snapshot> {
    while (!this.snapshot) await this.#news()
    return this.snapshot
  }

  leave(): Promise<void> {
    this.#abort.abort()
    return this.ended
  }

  #news(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve))
  }

  async #follow(url: string): Promise<void> {
    const { body } = await fetch(url, { signal: this.#abort.signal })
    let text = ''
    for await (const piece of body!.pipeThrough(new TextDecoderStream())) {
      text += piece
      const messages = text.split('\n\n')
      text = messages.pop()!
      for (const message of messages) this.#take(message)
    }
  }

  #take(message: string): void {
    const [, kind, data] = /^event: (\w+)\ndata: (.*)$/m.exec(message) ?? []
    if (kind === 'snapshot') this.snapshot = JSON.parse(data!) as Snapshot
    if (kind === 'events') this.events.push(...(JSON.parse(data!) as WireEvent[]))
    for (const wake of this.#wake.splice(0)) wake()
  }
}
