// The events that the server sends to the page.
import type { EndedBy } from './reasons.ts'

/**
 * What the server tells the page, one object per fact. Each comes from one lifecycle event of `@spillway/core` and contains
 * enough to stand alone in a log. `at` counts milliseconds on the server's own clock, see {@link Snapshot}.
 */
export type WireEvent =
  | OpenEvent
  | MarkEvent
  | HeadEvent
  | RequestEvent
  | ReplyEvent
  | EndEvent
  | IdleEvent
  | RefusedEvent
  | FinEvent
  | CloseEvent
  | ServerEvent
  | GapEvent

/** Who is at the other end: anybody, a page that is watching, or a client of the lab itself. */
export type Role = 'visitor' | 'viewer' | 'lab'

interface Of<Type extends string> {
  readonly type: Type
  readonly at: number
  readonly connection: number
}

interface OfExchange<Type extends string> extends Of<Type> {
  /** 1 for the first request on its connection. */
  readonly exchange: number
}

/** A connection was accepted. */
export interface OpenEvent extends Of<'open'> {
  /** Address and port of the other end. */
  readonly peer: string
  readonly role: Role
  /** What the lab's own client is trying; empty for all others. */
  readonly label: string
}

/** The role of the client on a connection became known after the connection had opened. */
export interface MarkEvent extends Of<'mark'> {
  readonly role: Role
  readonly label: string
}

/** The first byte of a request has arrived. */
export type HeadEvent = Of<'head'>

/** A request head is complete. */
export interface RequestEvent extends OfExchange<'request'> {
  readonly method: string
  readonly target: string
  readonly version: string
  /** Bytes of the head on the wire. */
  readonly bytes: number
}

/** A reply's head was written. */
export interface ReplyEvent extends OfExchange<'reply'> {
  readonly status: number
  /** Whether the connection may persist. */
  readonly persist: boolean
}

/** An exchange is over. */
export interface EndEvent extends OfExchange<'end'> {
  readonly status: number
  /** Bytes of the reply that were passed to the socket, including its head. */
  readonly bytes: number
  /** Milliseconds since the request's head was complete. */
  readonly ms: number
  /** Who ended it, if it did not complete. */
  readonly aborted?: string
  /** The pattern of the route that handled it; missing when no router found one. */
  readonly route?: string
}

/** The connection persists and waits for another request. */
export type IdleEvent = OfExchange<'idle'>

/** The bytes that arrived are not HTTP. */
export interface RefusedEvent extends Of<'refused'> {
  readonly code: string
  readonly status: number
  /** Position of the first invalid byte in its message. */
  readonly offset: number
  readonly message: string
  readonly rfc: string
}

/** One side has nothing more to send (FIN). */
export interface FinEvent extends Of<'fin'> {
  readonly by: 'client' | 'server'
}

/** A connection is gone. */
export interface CloseEvent extends Of<'close'> {
  readonly reason: EndedBy
  readonly requests: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/** Something happened to the server itself; it is on connection 0. */
export interface ServerEvent extends Of<'server'> {
  /** It listens; it accepts no more connections and finishes what is under way; everything has finished. */
  readonly what: 'listens' | 'drains' | 'drained'
}

/**
 * More happens than can be reported individually without slowing the server down: from a `begins` to an `ends`, only connections that
 * open, close or are refused are reported. It is on connection 0.
 */
export interface GapEvent extends Of<'gap'> {
  readonly what: 'begins' | 'ends'
}

/** A time that was not recorded completely; it is not over while `to` is missing. */
export interface Gap {
  readonly from: number
  to?: number
}

/** The current state, sent first and whenever a viewer could not keep up: everything that a page needs to continue from here. */
export interface Snapshot {
  /** The server's clock when this was made, in milliseconds, and the time of day when that clock began. */
  readonly now: number
  readonly epoch: number
  /** The viewer's own connection. */
  readonly you: number
  readonly server: ServerFacts
  readonly totals: Totals
  /** Open connections, oldest first; the newest ones when there are more than a page can show. */
  readonly open: readonly Connection[]
  /** The ones that closed most recently, oldest first. */
  readonly closed: readonly Connection[]
  /** The most recent durations from a request to its reply, in milliseconds. */
  readonly waits: readonly number[]
  /** The latest gaps, oldest first. */
  readonly gaps: readonly Gap[]
  /** The latest events, oldest first. */
  readonly recent: readonly WireEvent[]
}

/** What does not change while the server runs. */
export interface ServerFacts {
  readonly url: string
  readonly keepAliveMs: number
  readonly headMs: number
  /** Whether the viewer may read bytes, and make the server do something. */
  readonly control: boolean
  /** Whether requests can be sent again, and content be decoded. */
  readonly tools?: boolean
}

export interface Totals {
  open: number
  /** Most that were open at the same time. */
  mostOpen: number
  /** Requests that are under way, and most at the same time; those of a gap are not known. */
  busy: number
  mostBusy: number
  accepted: number
  closed: number
  requests: number
  replies: number
  errors: number
  bytesIn: number
  bytesOut: number
}

/** One request and its reply. Times that are not known yet are missing. */
export interface Exchange {
  readonly exchange: number
  readonly method: string
  readonly target: string
  readonly version: string
  readonly bytesIn: number
  /** When its head was complete, and when the first byte of the head arrived. */
  readonly at: number
  readonly headAt: number
  repliedAt?: number
  endedAt?: number
  status?: number
  bytesOut?: number
  aborted?: string
  route?: string
}

export interface Connection {
  readonly id: number
  readonly peer: string
  readonly openedAt: number
  role: Role
  label: string
  /** The latest exchanges, oldest first. */
  exchanges: Exchange[]
  requests: number
  bytesIn: number
  bytesOut: number
  /** Since when it has been waiting for another request; missing while it is not. */
  idleAt?: number
  /** Since when a head has been arriving; missing while none is. */
  headAt?: number
  /** Whether the last reply on this connection has begun. */
  ending?: boolean
  error?: RefusedEvent
  /** When each side sent its FIN; missing while it has not, or where that is not known. */
  fin?: { client?: number; server?: number }
  close?: CloseEvent
}
