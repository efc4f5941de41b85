import { type Context, type Handler, type MaybePromise, Reply, type Result } from '@spillway/core'
import { wrap } from '@spillway/middleware'
import { type CacheOptions, cache } from '@spillway/middleware/cache'
import { onTestFinished, vi } from 'vitest'
import { start } from './server.ts'
import { type WireReply, type WireRequest, ask } from './wire.ts'

/** What stands behind a cache, and what it was asked. */
export interface Cached {
  /** Requests that came through, in their order. */
  readonly seen: readonly Context<any, any>[]
  /** Sends a request; the reply with its status, text, and what the cache says it did. */
  readonly get: (target?: string, fields?: readonly string[]) => Promise<Answer>
  readonly send: (line: string, request?: WireRequest) => Promise<Answer>
  readonly handler: Handler
}

export interface Answer {
  readonly status: number
  readonly text: string
  readonly age: string | undefined
  /** Cache-Status without our name. */
  readonly cache: string | undefined
  readonly headers: WireReply['headers']
  readonly complete: boolean
}

/** A server with a cache in front of a handler. Time is that of {@link setTime}. */
export async function cached(
  handler: (c: Context<any, any>, times: number) => MaybePromise<Result>,
  options: CacheOptions = {},
): Promise<Cached> {
  const seen: Context<any, any>[] = []
  const whole = wrap([cache(options)], (c) => handler(c, seen.push(c)))
  const server = await start(whole, { onError: () => {} })
  const send = async (line: string, request?: WireRequest): Promise<Answer> => {
    const { status, headers, content, complete } = await ask(server, line, request)
    const said = headers.get('cache-status')?.replace(/^spillway; /, '')
    return { status, text: String(content), age: headers.get('age'), cache: said, headers, complete }
  }
  return { seen, send, get: (target = '/', fields = []) => send(`GET ${target}`, { fields }), handler: whole }
}

/** A reply with fields, `Name: value` each. */
export function reply(content: Reply['body'], ...fields: readonly string[]): Reply {
  const made = new Reply(content)
  for (const field of fields)
    made.headers.append(field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 2))
  return made
}

/** A time to begin with. */
const epoch = Date.UTC(2026, 0, 1)

/** Stops the calendar for one test; timers go on. Returns how to move it, in seconds from its beginning. */
export function stopTime(): (seconds: number) => void {
  vi.useFakeTimers({ toFake: ['Date'], now: epoch })
  onTestFinished(() => void vi.useRealTimers())
  return (seconds) => void vi.setSystemTime(epoch + seconds * 1000)
}

/** A date of the stopped calendar as fields have it. */
export function dateAt(seconds: number): string {
  return new Date(epoch + seconds * 1000).toUTCString()
}

/** A promise, and how to resolve it. */
export function gate(): { readonly open: () => void; readonly opened: Promise<void> } {
  const doors: (() => void)[] = []
  const opened = new Promise<void>((resolve) => void doors.push(resolve))
  return { open: () => doors[0]!(), opened }
}
