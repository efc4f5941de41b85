// What a try is, and what it works with.
import type { Tried } from '../../model/tried.ts'
import { type Answer, Dialogue, type Marker, type Target } from '../client.ts'

/** Something that the lab's own client can do to the server. */
export interface Try {
  readonly title: string
  /** What to look for in it. */
  readonly note: string
  readonly run: (bench: Bench) => Promise<Tried['facts'] | void>
}

/** Most connections that a try reports one by one; of more it reports only numbers. */
const mostRuns = 8

/** What a try works with. */
export class Bench {
  /** The value of the Host field. */
  readonly host: string
  /** Drains the server and starts another in its place. */
  readonly restart: () => Promise<{ readonly drained: number; readonly killed: number; readonly away: number }>
  readonly dialogues: Dialogue[] = []
  readonly #target: Target
  readonly #label: string
  readonly #marker: Marker

  constructor(target: Target, label: string, marker: Marker, restart: Bench['restart']) {
    this.#target = target
    this.#label = label
    this.#marker = marker
    this.restart = restart
    this.host = `${target.host.includes(':') ? `[${target.host}]` : target.host}:${target.port}`
  }

  /** Opens a connection. @param part which one, when the try has several. */
  async open(part?: string): Promise<Dialogue> {
    const label = part === undefined ? this.#label : `${this.#label}: ${part}`
    const dialogue = await Dialogue.open(this.#target, label, this.#marker)
    // Only the first connections of a crowd are reported, so only these are kept.
    if (this.dialogues.length < mostRuns) this.dialogues.push(dialogue)
    return dialogue
  }

  get(target: string, ...fields: string[]): string {
    return request('GET', target, `Host: ${this.host}`, ...fields)
  }
}

/** The head of an HTTP/1.1 request, with its fields exactly as given. */
export function request(method: string, target: string, ...fields: string[]): string {
  return `${method} ${target} HTTP/1.1\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
}

export const last = 'Connection: close'

/** A try that sends one message on one connection and waits for the connection to end. */
export function single(title: string, note: string, method: string, message: (host: string) => string): Try {
  return {
    title,
    note,
    async run(bench) {
      const dialogue = await bench.open()
      dialogue.ask(method, message(bench.host))
      await dialogue.closed
    },
  }
}

/** `0.42 ms` */
export function milliseconds(ms: number): string {
  return ms < 10 ? `${ms.toFixed(2)} ms` : ms < 1000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`
}

/** The median time of some answers. */
export function medianMs(answers: readonly Answer[]): string {
  const times = answers.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return times.length === 0 ? '–' : milliseconds(times[times.length >> 1]!)
}
