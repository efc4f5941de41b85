import type { ServerCore } from '../server/server-core.ts'

/** Milliseconds for our SETTINGS to be acknowledged. */
const settingsTimeout = 20_000
/** Milliseconds that nothing is read because the client does not take what there is for it. */
const unsentTimeout = 10_000

/**
 * The clocks of one connection, in ticks of the server's: what is overdue. What becomes of the connection then is its own
 * matter.
 */
export class Http2Deadlines {
  /** For what the connection is at: its first request, the next one, the end. 0 for none. */
  at: number
  readonly #core: ServerCore
  #settings: number
  #pause = 0
  /** For a block or a frame that has begun, and where that is. */
  #part = 0
  #unfinished = 0
  /** What had moved when the client had ended its side, and then each time that its silence was looked at. */
  #movedBefore = 0

  constructor(core: ServerCore) {
    this.#core = core
    this.at = core.clock.after(core.timeouts.head)
    this.#settings = core.clock.after(settingsTimeout)
  }

  /** Nothing is read for now, or it goes on. */
  pause(isPaused: boolean): void {
    this.#pause = isPaused ? this.#core.clock.after(unsentTimeout) : 0
  }

  /** One clock for a whole block or frame: bytes that drip in do not reset it. @param unfinished where one began, 0 for none. */
  part(unfinished: number): void {
    if (unfinished === this.#unfinished) return
    this.#unfinished = unfinished
    this.#part = unfinished === 0 ? 0 : this.#core.clock.after(this.#core.timeouts.head)
  }

  /** Nothing more can come from the client: it waits for its replies, or has left. @param moved bytes so far, both ways. */
  awaitReplies(moved: number): void {
    this.at = this.#core.clock.after(this.#core.timeouts.halfClosed)
    this.#movedBefore = moved
  }

  /** Whether nothing has moved since {@link awaitReplies}. */
  isQuiet(moved: number): boolean {
    return moved === this.#movedBefore
  }

  /** What the client should have said by now: an acknowledgement, or the rest of a frame; or it should have read. */
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
