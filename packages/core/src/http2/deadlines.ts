import type { ServerCore } from '../server/server-core.ts'

/** Milliseconds within which our SETTINGS must be acknowledged. */
const settingsTimeout = 20_000
/** Milliseconds for which reading may be suspended because the client does not take what there is for it. */
const unsentTimeout = 10_000

/**
 * The deadlines of one connection, in ticks of the server's clock. It says what is overdue; the connection decides what to do
 * about it.
 */
export class Http2Deadlines {
  /** For the current stage: the first request, the next one, the end. 0 for none. */
  at: number
  readonly #core: ServerCore
  #settings: number
  #pause = 0
  /** For a block or a frame that has begun; and its position. */
  #part = 0
  #unfinished = 0
  /** How much had moved when the client ended its side, and then each time that this was checked. */
  #movedBefore = 0

  constructor(core: ServerCore) {
    this.#core = core
    this.at = core.clock.after(core.timeouts.head)
    this.#settings = core.clock.after(settingsTimeout)
  }

  /** Reading is suspended, or goes on. */
  pause(isPaused: boolean): void {
    this.#pause = isPaused ? this.#core.clock.after(unsentTimeout) : 0
  }

  /** One deadline for a whole block or frame: bytes that trickle in do not reset it. @param unfinished its position, 0 for none. */
  part(unfinished: number): void {
    if (unfinished === this.#unfinished) return
    this.#unfinished = unfinished
    this.#part = unfinished === 0 ? 0 : this.#core.clock.after(this.#core.timeouts.head)
  }

  /** Nothing more can come from the client: it is waiting for its replies, or has left. @param moved bytes so far, both ways. */
  awaitReplies(moved: number): void {
    this.at = this.#core.clock.after(this.#core.timeouts.halfClosed)
    this.#movedBefore = moved
  }

  /** Whether nothing has moved since {@link awaitReplies}. */
  isQuiet(moved: number): boolean {
    return moved === this.#movedBefore
  }

  /** What the client should have done by now: acknowledged the settings, sent the rest of a frame, or read. */
  overdue(now: number, unacknowledged: number): 'settings' | 'reading' | 'frame' | undefined {
    if (unacknowledged === 0) this.#settings = 0
    if (isDue(this.#settings, now)) return 'settings'
    if (isDue(this.#pause, now)) return 'reading'
    return isDue(this.#part, now) ? 'frame' : undefined
  }

  isDue(now: number): boolean {
    return isDue(this.at, now)
  }
}

function isDue(deadline: number, now: number): boolean {
  return deadline !== 0 && now >= deadline
}
