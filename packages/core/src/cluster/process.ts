// One worker process, as the primary sees it, and the messages between the two.
import nodeCluster, { type Worker } from 'node:cluster'
import { Handover } from './handover.ts'
import { longestTimer } from '../server/clock.ts'
import { placeVariable } from '../server/listen-fds.ts'
import type { CloseOptions } from '../server/server.ts'

/** The answer of one worker. */
export interface WorkerAnswer<T> {
  /** Its number in the cluster, from 1; 0 outside a cluster. */
  readonly worker: number
  readonly value: T
}

/** The messages between primary and worker. */
export interface ClusterMessage {
  readonly spillway:
    /** worker: receives messages from now on; earlier ones were lost. */
    | 'hearing'
    /** worker: `start` is done. */
    | 'ready'
    /** worker: `start` threw `error`. */
    | 'failed'
    /** worker: someone else told it to end, and it drains. */
    | 'leaving'
    /** worker: nothing is left to do. */
    | 'drained'
    /** worker: exits now. */
    | 'bye'
    /** primary: finish what is active, as for `close`; sent again, it shortens the deadline. */
    | 'drain'
    /** primary: the keys of session tickets, the same for all. */
    | 'tickets'
    /** worker: has a question for all workers. */
    | 'ask'
    /** primary: a worker has a question. */
    | 'question'
    /** worker: its answer. */
    | 'answer'
    /** primary: the answers of all. */
    | 'answers'
    /** primary: exit; everything that was on its way to the worker came before this. */
    | 'exit'
  readonly error?: string
  readonly close?: CloseOptions
  /** In base64. */
  readonly keys?: string
  readonly question?: number
  readonly topic?: string
  readonly value?: unknown
  readonly answers?: readonly WorkerAnswer<unknown>[]
}

/** A worker that exceeds its deadline by this much does not react, and is killed. */
const lateness = 5000

export type ProcessState = 'starting' | 'ready' | 'draining' | 'ended'

/** What a worker process reports to its owner. */
export interface ProcessObserver {
  /** It can receive messages. */
  hearing(worker: WorkerProcess): void
  changed(worker: WorkerProcess): void
  /** It has a question for all workers; the answers carry this number. */
  asks(worker: WorkerProcess, question: number, topic: string): void
  answers(worker: WorkerProcess, question: number, value: unknown): void
  /** Someone else told it to end. */
  leaving(worker: WorkerProcess): void
  /** Whether another than this one serves. */
  othersServe(worker: WorkerProcess): boolean
}

/** One worker as seen by its primary, from fork to exit. */
export class WorkerProcess {
  readonly place: number
  state: ProcessState = 'starting'
  /** When the state began. */
  since: Date = new Date()
  /** Whether it was asked to end. */
  asked: boolean = false
  /** Whether it had to be killed because it did not end in time. */
  killed: boolean = false
  code: number | null = null
  signal: string | null = null
  /** Why it could not start, if that is known. */
  error: string | undefined
  readonly ready: Promise<boolean>
  readonly ended: Promise<void>
  readonly #observer: ProcessObserver
  readonly #worker: Worker | undefined
  #close: CloseOptions | undefined
  #readyAt = 0
  #endedAt = 0
  #handover: Handover | undefined
  #startTimer: ReturnType<typeof setTimeout> | undefined
  #resolveReady!: (ready: boolean) => void
  #resolveEnded!: () => void

  constructor(place: number, startDeadline: number, observer: ProcessObserver) {
    this.place = place
    this.#observer = observer
    this.ready = new Promise((resolve) => (this.#resolveReady = resolve))
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.#worker = this.#fork()
    this.#startTimer = setTimeout(
      () => {
        this.error = `It was not ready within ${startDeadline} ms`
        this.kill()
      },
      Math.min(startDeadline, longestTimer),
    )
  }

  /** 0 when the system could not create a process. */
  get pid(): number {
    return this.#worker?.process.pid ?? 0
  }

  /** Milliseconds between being ready and its end or now, 0 if it never was ready. */
  get readyFor(): number {
    return this.#readyAt === 0 ? 0 : (this.#endedAt || performance.now()) - this.#readyAt
  }

  /** Asks it to finish and end, and resolves when it has ended; if it does not, it is killed. */
  async drain({ announce = 0, deadline = 30_000 }: CloseOptions): Promise<void> {
    if (this.state === 'ended') return
    this.asked = true
    // Messages are JSON, which has no Infinity.
    const close = { announce: Math.min(announce, longestTimer), deadline: Math.min(deadline, longestTimer) }
    this.#close = close
    this.#enter('draining')
    this.#send({ spillway: 'drain', close })
    const timer = setTimeout(
      () => {
        this.killed = true
        this.kill()
      },
      Math.min(announce + deadline + lateness, longestTimer),
    )
    await this.ended
    clearTimeout(timer)
  }

  ask(question: number, topic: string): void {
    this.#send({ spillway: 'question', question, topic })
  }

  tell(question: number, answers: readonly WorkerAnswer<unknown>[]): void {
    this.#send({ spillway: 'answers', question, answers })
  }

  /** Gives it the keys of session tickets. */
  shareTickets(keys: Buffer): void {
    this.#send({ spillway: 'tickets', keys: keys.toString('base64') })
  }

  kill(): void {
    this.#worker?.process.kill('SIGKILL')
  }

  #fork(): Worker | undefined {
    try {
      const worker = nodeCluster.fork({ [placeVariable]: String(this.place) })
      this.#handover = new Handover(worker)
      worker.on('message', (message: unknown) => this.#hear(message as ClusterMessage | null))
      worker.on('exit', (code: number | null, signal: string | null) => {
        // Its last message may not have been read yet.
        if (worker.isConnected()) worker.once('disconnect', () => this.#end(code, signal))
        else this.#end(code, signal)
      })
      // Also emitted for messages that could not be sent, but the end of the process will explain that.
      worker.on('error', (error: Error) => {
        if (worker.process.pid === undefined) this.#fail(error)
      })
      return worker
    } catch (error) {
      // Out of processes or memory. The owner must have this object before it is told.
      setImmediate(() => this.#fail(error as Error))
      return undefined
    }
  }

  #hear(message: ClusterMessage | null): void {
    switch (message?.spillway) {
      case 'hearing':
        this.#observer.hearing(this)
        if (this.#close) this.#send({ spillway: 'drain', close: this.#close })
        break
      case 'ready':
        if (this.#close) return
        this.#readyAt = performance.now()
        this.#enter('ready')
        break
      case 'failed':
        this.error = message.error
        break
      case 'ask':
        this.#observer.asks(this, message.question ?? 0, message.topic ?? '')
        break
      case 'answer':
        this.#observer.answers(this, message.question ?? 0, message.value)
        break
      case 'leaving':
        this.#observer.leaving(this)
        break
      case 'drained':
        this.#send({ spillway: 'exit' })
        break
      default:
    }
  }

  #send(message: ClusterMessage): void {
    // A worker that cannot be reached has lost its primary and drains by itself.
    if (this.#worker?.isConnected()) this.#worker.send(message, () => {})
  }

  #fail(error: Error): void {
    this.error = error.message
    this.#end(null, null)
  }

  #end(code: number | null, signal: string | null): void {
    if (this.state === 'ended') return
    this.code = code
    this.signal = signal
    this.#endedAt = performance.now()
    this.#handover?.end(this.#observer.othersServe(this))
    this.#enter('ended')
    this.#resolveEnded()
  }

  #enter(state: ProcessState): void {
    if (this.state === state) return
    this.state = state
    this.since = new Date()
    clearTimeout(this.#startTimer)
    this.#resolveReady(state === 'ready')
    this.#observer.changed(this)
  }
}
