import type { WorkerProcess } from './process.ts'
import type { WorkerAnswer } from './questions.ts'

/** Milliseconds that a worker has to answer. */
const patience = 1000

let rounds = 0

/** A question that is sent round: each worker is asked, and the answers are collected. */
export class Round {
  readonly id: number = ++rounds
  readonly #missing: Set<WorkerProcess>
  readonly #answers: WorkerAnswer<unknown>[] = []
  readonly #done: (answers: readonly WorkerAnswer<unknown>[]) => void
  readonly #timer: ReturnType<typeof setTimeout>

  /** @param done is called once, at the end. */
  constructor(
    topic: string,
    workers: readonly WorkerProcess[],
    done: (answers: readonly WorkerAnswer<unknown>[]) => void,
  ) {
    this.#done = done
    this.#missing = new Set(workers)
    this.#timer = setTimeout(() => this.#finish(), patience)
    for (const worker of workers) worker.ask(this.id, topic)
  }

  /** @param value undefined when it has no answer. */
  answered(worker: WorkerProcess, value: unknown): void {
    if (!this.#missing.delete(worker)) return
    if (value !== undefined) this.#answers.push({ worker: worker.place, value })
    if (this.#missing.size === 0) this.#finish()
  }

  #finish(): void {
    clearTimeout(this.#timer)
    this.#missing.clear()
    this.#done(this.#answers.toSorted((a, b) => a.worker - b.worker))
  }
}
