// The rooms, and everyone who is in them.
import { ignore, printError } from '@spillway/core'
import type { Receiver, Topic } from '@spillway/middleware/topics'
import { type ChatEvent, type Message, aliveEvery } from './events.ts'
import { mostMissed, mostNamed, pageSize } from './limits.ts'
import { Presence } from './presence.ts'
import type { Store } from './store/store.ts'

/** The topic that every connection follows. No room has this name. */
const lobby = '*lobby'

/** What happens in the rooms, over WebSockets and server-sent events alike. */
export class Chat {
  readonly store: Store
  readonly presence: Presence
  readonly #topic: (name: string) => Topic

  constructor(store: Store, topic: (name: string) => Topic) {
    this.store = store
    this.#topic = topic
    this.presence = new Presence(
      (room, people) => store.here(room, people),
      (room, people) => this.#publish(room, { is: 'people', people: people.slice(0, mostNamed), count: people.length }),
      (error) => printError('presence', error),
    )
  }

  /**
   * Lets a connection follow a room.
   * @param after the last message that it has seen; it gets the later ones.
   */
  async enter(room: string, name: string, receiver: Receiver, after: number): Promise<void> {
    // It follows first and reads then, so that nothing is missed. A message that comes in between is sent twice, which the page sees by
    // its number.
    this.#topic(room).subscribe(receiver)
    this.#topic(lobby).subscribe(receiver)
    const depart = this.presence.enter(room, name)
    const beat = setInterval(() => void tell(receiver, { is: 'alive' }).catch(ignore), aliveEvery)
    const leave = (): void => {
      clearInterval(beat)
      depart()
    }
    if (receiver.signal.aborted) leave()
    else receiver.signal.addEventListener('abort', leave, { once: true })
    await tell(receiver, await this.#missed(room, after))
  }

  async #missed(room: string, after: number): Promise<ChatEvent> {
    const missed = after > 0 ? await this.store.since(room, after, mostMissed + 1) : []
    // Messages after that one are deleted already: it was away for too long.
    const isWhole = missed.length <= mostMissed && (missed[0]?.id ?? after + 1) === after + 1
    if (after > 0 && isWhole) return { is: 'entered', messages: missed, isFresh: false }
    const { messages } = await this.store.latest(room, pageSize)
    return { is: 'entered', messages, isFresh: true }
  }

  /** Stores a message, and only then sends it to the others. @returns its number. */
  async say(room: string, from: string, { key, text }: Pick<Message, 'key' | 'text'>): Promise<number> {
    const message = { from, text, at: new Date().toISOString(), key }
    const { id, isNew } = await this.store.keep(room, message)
    if (isNew) {
      this.#publish(room, { is: 'message', message: { id, ...message } })
      this.#publish(lobby, { is: 'news', room, id })
    }
    return id
  }

  typing(room: string, from: string): void {
    this.#publish(room, { is: 'typing', from })
  }

  /** @returns false when there is the greatest allowed number of rooms. */
  async addRoom(room: string): Promise<boolean> {
    const isThere = await this.store.addRoom(room)
    if (isThere) this.#publish(lobby, { is: 'room', room })
    return isThere
  }

  #publish(topic: string, event: ChatEvent): void {
    this.#topic(topic).publish(event)
  }
}

/** Sends to one connection only. */
export function tell(receiver: Receiver, event: ChatEvent): Promise<void> {
  const data = JSON.stringify(event)
  return 'lastEventId' in receiver ? receiver.send({ data }) : receiver.send(data)
}
