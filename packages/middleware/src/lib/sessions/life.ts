// How long sessions live, and how they are stored.
import { type Rules, flag, optional, whole } from '@spillway/core/options'

/** How long a session lives. Missing members are as for all sessions. */
export interface SessionLife {
  /** Seconds for which it may be unused. */
  readonly idleSeconds?: number
  /** Most seconds, from now on. */
  readonly maxAge?: number
  /** Whether its cookie survives closing the browser: "remember me". */
  readonly persistent?: boolean
}

/** The range of these seconds. */
export const wholeLife: { readonly from: number; readonly to: number } = { from: 1, to: Number.MAX_SAFE_INTEGER }

export const lifeRules: Rules<SessionLife> = {
  idleSeconds: optional(whole(1, wholeLife)),
  maxAge: optional(whole(1, wholeLife)),
  persistent: optional(flag()),
}

/** What is stored in addition to the data. Times are in seconds. */
export interface Facts {
  readonly created: number
  /** Undefined if as for all sessions. */
  readonly idleSeconds: number | undefined
  readonly maxAge: number | undefined
  readonly persistent: boolean | undefined
  /** Whether somebody has logged in with it. */
  readonly established: boolean
}

/** A stored session: facts about it, and its data. */
export interface Content {
  readonly facts: Facts
  readonly json: string
}

const form = /^(\d+) (\d+|-) (\d+|-) ([01-])([01]) (.*)$/s

/** One line of facts in front of the JSON. */
export function writeContent({ facts, json }: Content): string {
  const { created, idleSeconds = '-', maxAge = '-', persistent, established } = facts
  const lasts = persistent === undefined ? '-' : Number(persistent)
  return `${created} ${idleSeconds} ${maxAge} ${lasts}${Number(established)} ${json}`
}

/** Undefined for something that is not one of our sessions. */
export function readContent(text: string): Content | undefined {
  const [, created, idle, maxAge, persistent, established, json] = form.exec(text) ?? []
  if (json === undefined) return undefined
  const facts = {
    created: Number(created),
    idleSeconds: numberOf(idle),
    maxAge: numberOf(maxAge),
    persistent: persistent === '-' ? undefined : persistent === '1',
    established: established === '1',
  }
  return { facts, json }
}

function numberOf(digits: string | undefined): number | undefined {
  return digits === '-' ? undefined : Number(digits)
}
