import { EventEmitter } from 'node:events'
import { HttpError, guarded } from '@spillway/core'
import { captures } from './internals.ts'

/** Told what code of the application fails with. */
export interface Failing {
  failed(error: unknown): void
}

const owner: unique symbol = Symbol('exchange')

/** Whose object a request or a response is. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows which of the two it is
export function ownerOf<T extends Failing>(message: object): T {
  return (message as Record<symbol, T>)[owner]!
}

/**
 * Has the listeners of an object, which are the application's, fail without ending the process. All that it changes stands on the
 * object itself: applications put other prototypes under it.
 */
export function guardListeners(emitter: EventEmitter, failing: Failing): void {
  const guardedEmitter = emitter as EventEmitter & Record<symbol, unknown>
  guardedEmitter[owner] = failing
  guardedEmitter.emit = emit
  guardedEmitter[captures] = true
  guardedEmitter[EventEmitter.captureRejectionSymbol] = rejected
}

function emit(this: EventEmitter, name: string | symbol, ...args: unknown[]): boolean {
  try {
    return (Object.getPrototypeOf(this) as EventEmitter).emit.call(this, name, ...args)
  } catch (error) {
    ownerOf(this).failed(error)
    return true
  }
}

function rejected(this: object, error: unknown): void {
  ownerOf(this).failed(error)
}

/** A callback of the application: what it fails with ends no process. */
export function guardedCallback(failing: Failing, callback: (...args: any[]) => unknown): (...args: unknown[]) => void {
  return (...args) => guarded(callback, (error) => failing.failed(error), ...args)
}

/** Errors of connect have `statusCode`, ours `status` and `expose`; `next('text')` is an error, too. */
export function asError(error: unknown): Error {
  try {
    return readError(error)
  } catch {
    // Its fields are code, and fail.
    return new Error('A middleware failed with what cannot be read', { cause: error })
  }
}

function readError(error: unknown): Error {
  if (error instanceof HttpError) return error
  // Rejected with nothing is failed, too.
  const { status, statusCode, message, expose } = (error ?? {}) as Record<string, unknown>
  const code = status ?? statusCode
  if (typeof code !== 'number' || !(code >= 400 && code <= 599))
    return error instanceof Error ? error : new Error(String(error), { cause: error })
  return new HttpError(code, typeof message === 'string' ? message : undefined, {
    cause: error,
    ...(typeof expose === 'boolean' && { expose }),
  })
}

/** An error as Node has it. */
export function coded<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code })
}

/** The exchange did not complete, for the client has gone or was cut off. */
export function connectionReset(): Error {
  return coded(new Error('aborted'), 'ECONNRESET')
}
