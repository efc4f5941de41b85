// Messages from one sender to everyone who listens, also across processes.
import { guarded, printError } from '@spillway/core'
import { type Rules, type Settled, callback, choice, readOptions, thing, whole } from '@spillway/core/options'
import { Hub } from './lib/websocket/hub.ts'
import type { Bus, Topic } from './lib/websocket/topic.ts'

export { type RedisSubscriber, redisBus } from './lib/websocket/redis-bus.ts'
export type { Bus, EventReceiver, Receiver, Topic } from './lib/websocket/topic.ts'

/** Options of {@link topics}. */
export interface TopicOptions {
  /** Passes messages between processes. Default: messages stay in this process. */
  readonly bus?: Bus | undefined
  /**
   * What happens to a receiver that does not take messages as fast as they come. `cut`: messages wait up to the receiver's limit (1 MiB),
   * and then its connection is cut. `skip`: it misses messages until it has taken what is waiting; this is for messages of which only the
   * last one counts. Default: `cut`.
   */
  readonly slow?: 'cut' | 'skip' | undefined
  /**
   * Topics that one receiver may follow at a time: where clients choose what they follow, this bounds what they can use. Beyond it,
   * `subscribe` throws. Default: 1000.
   */
  readonly topicsEach?: number | undefined
  /** Is told what the bus throws. Default: prints it with `console.error`. */
  readonly onError?: ((error: unknown) => void) | undefined
}

const rules: Rules<Settled<TopicOptions, 'slow' | 'topicsEach'>> = {
  bus: thing('a bus'),
  slow: choice(['cut', 'skip'], 'cut'),
  topicsEach: whole(1000, { from: 1 }),
  onError: callback(),
}

/**
 * Topics by name: `const topic = topics()`, `topic('room').subscribe(socket)`, `topic('room').publish('hello')`. WebSockets and
 * streams of server-sent events subscribe in the same way. A topic without subscribers costs nothing.
 * @throws TypeError when `slow` is neither of the two.
 */
export function topics(options: TopicOptions = {}): (name: string) => Topic {
  const {
    bus,
    slow,
    topicsEach,
    onError = (error: unknown) => printError('topics', error),
  } = readOptions(rules, options)
  const report = (error: unknown): void => guarded(onError, (failure) => printError('topics', failure), error)
  const hub = new Hub(bus, slow === 'skip', topicsEach, report)
  return (name) => hub.topic(name)
}
