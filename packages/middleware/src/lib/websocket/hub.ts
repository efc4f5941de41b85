import { guarded } from '@spillway/core'
import { atOnce } from '../layers/at-once.ts'
import { Connection } from './connection.ts'
import { PreparedMessage } from './prepared.ts'
import type { Bus, Receiver, Topic } from './topic.ts'

/** The receivers that follow one topic. */
interface Followers {
  readonly receivers: Set<Receiver>
  /** Those that have not taken what is waiting and miss messages until they have. */
  readonly behind: Set<Receiver>
  /** Stops listening to other processes. */
  readonly stop: (() => unknown) | undefined
}

/** The longest name of a topic: names often come from clients. */
const longestName = 1024

/** Which receivers follow which topics. */
export class Hub {
  readonly #bus: Bus | undefined
  readonly #skips: boolean
  readonly #report: (error: unknown) => void
  readonly #topics: Map<string, Followers> = new Map()
  readonly #most: number
  /** How many topics a receiver follows. */
  readonly #counts: WeakMap<Receiver, number> = new WeakMap()

  /**
   * @param skips whether receivers that are behind miss messages.
   * @param most topics that one receiver may follow.
   */
  constructor(bus: Bus | undefined, skips: boolean, most: number, report: (error: unknown) => void) {
    this.#bus = bus
    this.#skips = skips
    this.#most = most
    this.#report = report
  }

  topic(name: string): Topic {
    const sizeOf = (): number => this.#topics.get(name)?.receivers.size ?? 0
    return {
      name,
      get size() {
        return sizeOf()
      },
      subscribe: (receiver) => this.#subscribe(name, receiver),
      publish: (message) => this.#publish(name, message),
    }
  }

  #subscribe(name: string, receiver: Receiver): () => void {
    const leave = (): void => {
      if (receiver instanceof Connection) receiver.notAtStop(leave)
      else receiver.signal.removeEventListener('abort', leave)
      this.#leave(name, receiver)
    }
    const isGone = receiver instanceof Connection ? receiver.isStopped : receiver.signal.aborted
    if (isGone || this.#topics.get(name)?.receivers.has(receiver)) return leave
    const count = this.#counts.get(receiver) ?? 0
    if (count >= this.#most) throw new RangeError(`A receiver follows at most ${this.#most} topics`)
    if (name.length > longestName) throw new RangeError(`The name of a topic has at most ${longestName} characters`)
    const followers = this.#topics.get(name) ?? this.#begin(name)
    this.#counts.set(receiver, count + 1)
    if (receiver instanceof Connection) receiver.atStop(leave)
    else receiver.signal.addEventListener('abort', leave, { once: true })
    followers.receivers.add(receiver)
    return leave
  }

  #begin(name: string): Followers {
    let stop: Followers['stop']
    try {
      stop = atOnce(
        this.#bus?.listen(name, (message) => this.#spread(name, message)),
        '`listen` of a bus',
      )
    } catch (error) {
      this.#report(error)
    }
    const followers: Followers = { receivers: new Set(), behind: new Set(), stop }
    this.#topics.set(name, followers)
    return followers
  }

  #leave(name: string, receiver: Receiver): void {
    const followers = this.#topics.get(name)
    if (!followers?.receivers.delete(receiver)) return
    this.#counts.set(receiver, this.#counts.get(receiver)! - 1)
    followers.behind.delete(receiver)
    if (followers.receivers.size > 0) return
    this.#topics.delete(name)
    if (followers.stop) guarded(followers.stop, this.#report)
  }

  #publish(name: string, message: unknown): void {
    const data = written(message)
    this.#spread(name, data)
    const bus = this.#bus
    if (bus) guarded(() => bus.publish(name, data), this.#report)
  }

  #spread(name: string, data: string | Uint8Array): void {
    const followers = this.#topics.get(name)
    if (!followers) return
    const message = new PreparedMessage(data)
    for (const receiver of followers.receivers) {
      if (followers.behind.has(receiver)) continue
      const sent = send(receiver, message)
      if (sent && this.#skips) this.#await(followers, receiver, sent)
    }
  }

  /** Skips messages for a receiver until it has taken what is waiting. */
  #await({ behind }: Followers, receiver: Receiver, sent: Promise<void>): void {
    behind.add(receiver)
    const free = (): void => void behind.delete(receiver)
    sent.then(free, free)
  }
}

/** Returns a promise if the receiver may be behind. */
function send(receiver: Receiver, message: PreparedMessage): Promise<void> | undefined {
  if (receiver instanceof Connection) return receiver.deliver(message)
  const { data } = message
  if (!('lastEventId' in receiver)) return receiver.send(data)
  return typeof data === 'string' ? receiver.send({ data }) : undefined
}

function written(message: unknown): string | Uint8Array {
  if (typeof message === 'string' || message instanceof Uint8Array) return message
  const text = JSON.stringify(message) as string | undefined
  if (text === undefined) throw new TypeError('The message has no JSON form')
  return text
}
