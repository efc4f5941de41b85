import { type Rules, flag, optional, whole } from '@spillway/core/options'

/** How long a session lives. What is not given is as for all sessions. */
export interface SessionLife {
  /** Seconds without being used. */
  readonly idleSeconds?: number
  /** Seconds at the most, from now on. */
  readonly maxAge?: number
  /** Whether its cookie stays when the browser is closed: "remember me". */
  readonly persistent?: boolean
}

/** Of seconds. */
export const wholeLife: { readonly from: number; readonly to: number } = { from: 1, to: Number.MAX_SAFE_INTEGER }

export const lifeRules: Rules<SessionLife> = {
  idleSeconds: optional(whole(1, wholeLife)),
  maxAge: optional(whole(1, wholeLife)),
  persistent: optional(flag()),
}

/** What is kept beside the data. Times are seconds. */
export interface Facts {
  readonly created: number
  /** Undefined as for all sessions. */
  readonly idleSeconds: number | undefined
  readonly maxAge: number | undefined
  readonly persistent: boolean | undefined
  /** Whether somebody has logged in with it. */
  readonly established: boolean
}

/** A session as it is kept: what is known of it, and its data. */
export interface Content {
  readonly facts: Facts
  readonly json: string
}

const form = /^(\d+) (\d+|-) (\d+|-) ([01-])([01]) (.*)$/s

/** One line in front of the JSON. */
export function writeContent({ facts, json }: Content): string {
  const { created, idleSeconds = '-', maxAge = '-', persistent, established } = facts
  const lasts = persistent === undefined ? '-' : Number(persistent)
  return `${created} ${idleSeconds} ${maxAge} ${lasts}${Number(established)} ${json}`
}

/** Undefined when it is no session of ours. */
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
