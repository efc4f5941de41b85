import { type Listener, Observed, type Side } from '@spillway/inspect/capture'
import { fieldsAsSent } from '@spillway/parser/fields'
import type { Deviation, ObservedEvent } from '@spillway/parser/observer'
import { type Field, fieldOf, type Unnumbered } from './transaction.ts'
import { Wire } from './wire.ts'

/** A transaction that is not complete yet. */
interface Open {
  startedAt: number
  endedAt: number
  /** Whether the end of one of its messages is unknown. */
  isCut: boolean
  readonly request: Half
  readonly response: Half
  raw: Uint8Array | undefined
  readonly deviations: (Deviation & { readonly side: Side })[]
}

interface Half {
  head:
    | {
        readonly line: readonly [string | number, string]
        readonly minorVersion: 0 | 1
        readonly fields: readonly Field[]
      }
    | undefined
  /** Where its head starts, in the stream. */
  at: number
  readonly pieces: Uint8Array[]
  kept: number
  bytes: number
  isEnded: boolean
}

/** Turns the bytes of one connection into transactions, each passed to `done` when its response is complete. */
export class Collector implements Listener {
  readonly #observed = new Observed((event) => this.#event(event))
  readonly #open = new Map<number, Open>()
  readonly #sent: Wire
  readonly #done: (one: Unnumbered) => void
  readonly #keep: number
  #time = 0
  #deviations: (Deviation & { readonly side: Side })[] = []

  /** @param keep how many bytes of each message's content are kept */
  constructor(done: (one: Unnumbered) => void, keep: number) {
    this.#done = done
    this.#keep = keep
    this.#sent = new Wire(keep)
  }

  data(side: Side, bytes: Uint8Array, time: number): void {
    if (side === 'request' && !this.#observed.isDead) this.#sent.add(bytes)
    this.#time = time
    this.#observed.feed(side, bytes)
  }

  lost(side: Side, bytes: number | undefined, time: number): void {
    if (side === 'request') this.#sent.lose(bytes ?? 0)
    this.#time = time
    this.#observed.lost(side, bytes)
  }

  end(side: Side, time: number): void {
    this.#time = time
    this.#observed.end(side)
  }

  /** Ends the input: open transactions are passed on as they are. */
  finish(): void {
    for (const number of this.#open.keys()) this.#close(number)
  }

  #event(event: ObservedEvent): void {
    const { side } = event
    const time = this.#time
    if (event.type === 'deviation') {
      this.#deviations.push({ ...event, side })
      return
    }
    if (event.type === 'rest' || event.type === 'extensions' || event.type === 'trailers') return
    let one = this.#open.get(event.exchange)
    if (event.type === 'request' || event.type === 'response') {
      if (one === undefined) {
        one = {
          startedAt: time,
          endedAt: time,
          isCut: false,
          request: half(),
          response: half(),
          raw: undefined,
          deviations: [],
        }
        this.#open.set(event.exchange, one)
      }
      // interim responses are not the final response
      if (event.type === 'response' && event.head.status < 200 && event.head.status !== 101) return
      const line =
        event.type === 'request'
          ? ([event.head.method, event.head.target] as const)
          : ([event.head.status, event.head.reason] as const)
      one[side].at = event.at
      one[side].head = { line, minorVersion: event.head.minorVersion, fields: fieldsAsSent(event.head) }
    }
    if (one === undefined) return
    // bytes missing from the content; bytes lost between messages belong to none
    if (event.type === 'lost') {
      if (one[side].head !== undefined && !one[side].isEnded) one[side].bytes += event.bytes
      return
    }
    one.isCut ||= this.#deviations.some(({ code }) => code === 'MESSAGE_INCOMPLETE')
    one.deviations.push(...this.#deviations)
    this.#deviations = []
    one.endedAt = time
    const message = one[side]
    if (event.type === 'data') {
      message.bytes += event.data.length
      if (message.kept < this.#keep) {
        message.pieces.push(event.data.subarray(0, this.#keep - message.kept))
        message.kept += message.pieces.at(-1)!.length
      }
    }
    if (event.type === 'end' && message.head !== undefined) {
      message.isEnded = true
      if (side === 'request') one.raw = this.#sent.take(message.at, event.at)
      if (one.response.isEnded && (one.request.isEnded || one.request.head === undefined)) this.#close(event.exchange)
    }
  }

  #close(number: number): void {
    const one = this.#open.get(number)!
    this.#open.delete(number)
    const { request, response } = one
    const whole = (message: Half) => ({
      minorVersion: message.head!.minorVersion,
      fields: message.head!.fields,
      content: message.pieces.length === 1 ? message.pieces[0]! : Buffer.concat(message.pieces),
      contentBytes: message.bytes,
      isWhole: message.isEnded && message.kept === message.bytes && !one.isCut,
      isDecoded: false,
    })
    this.#done({
      scheme: 'http',
      authority: (request.head === undefined ? undefined : fieldOf(request.head.fields, 'host')) ?? '',
      startedAt: one.startedAt,
      duration: one.endedAt - one.startedAt,
      request: request.head && {
        ...whole(request),
        method: String(request.head.line[0]),
        target: request.head.line[1],
        raw: one.isCut ? undefined : one.raw,
      },
      response: response.head && {
        ...whole(response),
        status: Number(response.head.line[0]),
        reason: response.head.line[1],
      },
      deviations: one.deviations,
    })
  }
}

function half(): Half {
  return { head: undefined, at: 0, pieces: [], kept: 0, bytes: 0, isEnded: false }
}
