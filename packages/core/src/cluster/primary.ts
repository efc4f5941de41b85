import { guarded, printError } from '../exchange/guarded.ts'
import nodeCluster from 'node:cluster'
import { Backoff } from './backoff.ts'
import { WorkerProcess } from './process.ts'
import { clusterChannels } from './events.ts'
import type { Cluster, ClusterClosed, ClusterStatus, WorkerCrash, WorkerStatus } from './options.ts'
import { type ClusterSettings } from './rules.ts'
import { readOptions } from '../exchange/read-options.ts'
import { closeRules, ofRules } from '../server/rules.ts'
import type { CloseOptions } from '../server/server.ts'
import { Round } from './round.ts'
import { samePress } from '../server/shutdown.ts'
import { listenFds } from '../server/listen-fds.ts'
import { ticketKeys } from '../server/ticket-keys.ts'

/** One of the places to be filled. Two processes share one while the new one replaces the old one. */
interface Place {
  readonly number: number
  readonly processes: Set<WorkerProcess>
  readonly backoff: Backoff
  restarts: number
  timer: ReturnType<typeof setTimeout> | undefined
  waitingSince: Date
}

/** Milliseconds within which a signal that a worker received also reaches the primary, if it was for the whole group. */
const groupSignal = 100

/** The primary of a cluster: keeps every place filled. */
export class Primary implements Cluster {
  readonly #options: ClusterSettings
  readonly #places: Place[] = []
  readonly #handlers: [signal: NodeJS.Signals, handler: () => void][] = []
  /** Workers in a row that ended before they were ready; no longer counted once every place has been filled. */
  #failedStarts: number | undefined = 0
  #finishStart!: (error?: Error) => void
  #reloading: Promise<void> | undefined
  #nextReload: Promise<void> | undefined
  #closing: Promise<ClusterClosed> | undefined
  #firstSignal: number | undefined
  /** Questions that all workers are being asked. */
  readonly #rounds: Map<number, Round> = new Map()
  /** The keys of session tickets; every worker has the same. */
  #ticketKeys: Buffer = Buffer.alloc(0)
  #forgetTickets: () => void = () => {}

  constructor(options: ClusterSettings) {
    const { workers, restart } = (this.#options = options)
    for (let number = 1; number <= workers; number++) {
      const backoff = new Backoff(restart)
      this.#places.push({
        number,
        processes: new Set(),
        backoff,
        restarts: 0,
        timer: undefined,
        waitingSince: new Date(0),
      })
    }
  }

  get status(): ClusterStatus {
    return { workers: this.#places.flatMap((place) => placeStatus(place)) }
  }

  /** Resolves when every place has had a ready worker. */
  async start(): Promise<this> {
    const { balance } = this.#options
    nodeCluster.schedulingPolicy = balance === 'kernel' ? nodeCluster.SCHED_NONE : nodeCluster.SCHED_RR
    this.#listenToSignals()
    this.#forgetTickets = ticketKeys.use((keys) => {
      this.#ticketKeys = keys
      for (const worker of this.#workers()) worker.shareTickets(keys)
    })
    await new Promise<void>((resolve, reject) => {
      this.#finishStart = (error) => (error ? reject(error) : resolve())
      for (const place of this.#places) this.#fill(place)
    })
    return this
  }

  reload(): Promise<void> {
    if (this.#closing) return Promise.reject(new Error('The cluster is closed'))
    if (!this.#reloading) return (this.#reloading = this.#reload().finally(() => (this.#reloading = undefined)))
    // What changed while one is running may have come too late for it: another one follows, for all callers.
    return (this.#nextReload ??= this.#reloading
      .catch(() => {})
      .then(() => {
        this.#nextReload = undefined
        return this.reload()
      }))
  }

  close(options: CloseOptions = ofRules(closeRules, this.#options)): Promise<ClusterClosed> {
    try {
      const how = readOptions(closeRules, options)
      if (!this.#closing) return (this.#closing = this.#close(how))
      // Only if it was given explicitly: the default is no reason to hurry.
      if (options.deadline !== undefined)
        for (const worker of this.#workers()) void worker.drain({ announce: 0, deadline: how.deadline })
      return this.#closing
    } catch (error) {
      return Promise.reject(error)
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {})
  }

  #fill(place: Place): WorkerProcess {
    clearTimeout(place.timer)
    place.timer = undefined
    const { startDeadline } = this.#options
    const worker = new WorkerProcess(place.number, startDeadline, {
      hearing: () => worker.shareTickets(this.#ticketKeys),
      changed: () => this.#changed(place, worker),
      asks: (_, question, topic) => this.#goRound(worker, question, topic),
      answers: (_, round, value) => this.#rounds.get(round)?.answered(worker, value),
      leaving: () => this.#leaving(place, worker),
      othersServe: (gone) => this.#workers().some((one) => one !== gone && one.state === 'ready'),
    })
    place.processes.add(worker)
    publish(worker)
    return worker
  }

  /** Asks all workers that can answer. */
  #goRound(by: WorkerProcess, question: number, topic: string): void {
    const able = this.#workers().filter(({ state }) => state === 'ready' || state === 'draining')
    const round = new Round(topic, able.includes(by) ? able : [...able, by], (answers) => {
      this.#rounds.delete(round.id)
      by.tell(question, answers)
    })
    this.#rounds.set(round.id, round)
  }

  #changed(place: Place, worker: WorkerProcess): void {
    publish(worker)
    if (worker.state === 'ready') this.#ready()
    else if (worker.state === 'ended') this.#ended(place, worker)
  }

  #leaving(place: Place, worker: WorkerProcess): void {
    void worker.drain(this.#options)
    this.#refill(place, Math.max(groupSignal, place.backoff.delay(worker.readyFor)))
  }

  #ready(): void {
    if (this.#failedStarts === undefined) return
    this.#failedStarts = 0
    if (!this.#places.every(({ processes }) => [...processes].some(({ state }) => state === 'ready'))) return
    this.#failedStarts = undefined
    this.#finishStart()
  }

  #ended(place: Place, worker: WorkerProcess): void {
    place.processes.delete(worker)
    if (worker.asked || this.#closing) return
    if (worker.readyFor === 0 && this.#failedStarts !== undefined) this.#failedStarts++
    const hopeless = this.#failedStarts !== undefined && this.#failedStarts >= this.#options.restart.attempts
    const delay = place.backoff.delay(worker.readyFor)
    const { pid, code, signal, error } = worker
    const restartIn = hopeless || this.#isFilled(place) ? undefined : delay
    this.#report({ worker: place.number, pid, code, signal, error, restartIn })
    if (hopeless) this.#giveUp(worker)
    else if (worker.readyFor > 0 && this.#workers().length === 0 && listenFds().length > 0) leaveToManager()
    else this.#refill(place, delay)
  }

  /** The primary outlives a callback that fails. */
  #report(crash: WorkerCrash): void {
    guarded(this.#options.onCrash ?? printCrash, (error) => printError('onCrash', error), crash)
  }

  #giveUp(last: WorkerProcess): void {
    const text = `${this.#failedStarts} workers in a row ended before they were ready; the last: ${endLine(last)}`
    void this.close().then(() => this.#finishStart(new Error(`The cluster could not start: ${text}`)))
  }

  #isFilled(place: Place): boolean {
    return [...place.processes].some(({ state }) => state !== 'draining')
  }

  /** Fills a place that has no worker which serves or is about to. */
  #refill(place: Place, delay: number): void {
    if (this.#closing || this.#isFilled(place) || place.timer) return
    place.restarts++
    place.waitingSince = new Date()
    place.timer = setTimeout(() => this.#fill(place), delay)
  }

  /** One place after the other, so that there is never more than one process more than usual. */
  async #reload(): Promise<void> {
    for (const place of this.#places) {
      if (this.#closing) return
      const old = [...place.processes].filter(({ state }) => state !== 'draining')
      const fresh = this.#fill(place)
      if (!(await fresh.ready)) {
        if (this.#closing) return
        const which = `${place.number} of ${this.#places.length}`
        throw new Error(`The reload stopped: the new worker ${which} did not become ready: ${endLine(fresh)}`)
      }
      // The announcement is only for the end of the whole cluster: here others go on.
      await Promise.all(old.map((worker) => worker.drain({ ...this.#options, announce: 0 })))
    }
  }

  async #close({ announce = 0, deadline = 30_000 }: CloseOptions): Promise<ClusterClosed> {
    for (const place of this.#places) {
      clearTimeout(place.timer)
      place.timer = undefined
    }
    const workers = this.#workers()
    await Promise.all(workers.map((worker) => worker.drain({ announce, deadline })))
    for (const [signal, handler] of this.#handlers) process.off(signal, handler)
    this.#forgetTickets()
    const killed = workers.filter((worker) => worker.killed).length
    return { drained: workers.length - killed, killed }
  }

  #workers(): WorkerProcess[] {
    return this.#places.flatMap(({ processes }) => [...processes])
  }

  #listenToSignals(): void {
    const { signals, reloadSignal } = this.#options
    for (const signal of signals) this.#handlers.push([signal, () => void this.#stop()])
    if (reloadSignal) {
      const reload = (): void => void this.reload().catch((error: Error) => console.error(error.message))
      this.#handlers.push([reloadSignal, reload])
    }
    for (const [signal, handler] of this.#handlers) process.on(signal, handler)
  }

  async #stop(): Promise<void> {
    const now = performance.now()
    const first = (this.#firstSignal ??= now)
    // The same press of Ctrl-C, received twice.
    if (now !== first && now - first < samePress) return
    if (this.#closing) {
      for (const worker of this.#workers()) worker.kill()
      process.exit(1)
    }
    await this.close()
    process.exit(0)
  }
}

/** Node closes sockets on which nobody listens, and the primary cannot reopen one that it did not open itself. */
function leaveToManager(): never {
  console.error(
    'No worker is left, and the inherited sockets closed with the last: the service has to be started again',
  )
  process.exit(1)
}

function placeStatus({ number, processes, restarts, timer, waitingSince }: Place): WorkerStatus[] {
  const all: WorkerStatus[] = [...processes].map(({ pid, state, since }) => {
    return { worker: number, pid, state: state as WorkerStatus['state'], restarts, since }
  })
  if (timer) all.push({ worker: number, pid: 0, state: 'waiting', restarts, since: waitingSince })
  return all
}

function publish({ place, pid, state, code, signal }: WorkerProcess): void {
  clusterChannels.worker.publish({ worker: place, pid, state, code, signal })
}

function printCrash(crash: WorkerCrash): void {
  const { pid, code, signal, error, restartIn } = crash
  const next = restartIn === undefined ? '' : `; another starts ${restartIn === 0 ? 'now' : `in ${restartIn} ms`}`
  console.error(`worker ${pid} ended: ${error ?? endText(code, signal)}${next}`)
}

/** Why a worker ended, in one line; all of it has been reported. */
function endLine({ error, code, signal }: WorkerProcess): string {
  return error?.split('\n', 1)[0] ?? endText(code, signal)
}

function endText(code: number | null, signal: string | null): string {
  return signal ?? `exit code ${code}`
}
