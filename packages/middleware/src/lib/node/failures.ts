// What becomes of errors in an application's listeners and callbacks.
import { EventEmitter } from 'node:events'
import { HttpError, guarded } from '@spillway/core'
import { captures } from './internals.ts'

/** Is told of errors in the application's code. */
export interface Failing {
  failed(error: unknown): void
}

const owner: unique symbol = Symbol('exchange')

/** The side that belongs to a request or a response object. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller knows which of the two it is
export function ownerOf<T extends Failing>(message: object): T {
  return (message as Record<symbol, T>)[owner]!
}

/**
 * Makes errors in the listeners of an object, which are the application's, not end the process. All changes are made to the
 * object itself, because applications replace its prototype.
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

/** A callback of the application, whose errors do not end the process. */
export function guardedCallback(failing: Failing, callback: (...args: any[]) => unknown): (...args: unknown[]) => void {
  return (...args) => guarded(callback, (error) => failing.failed(error), ...args)
}

/** Errors of connect middleware have `statusCode`, ours `status` and `expose`; `next('text')` is an error, too. */
export function asError(error: unknown): Error {
  try {
    return readError(error)
  } catch {
    // The error's properties are getters that throw.
    return new Error('A middleware failed with what cannot be read', { cause: error })
  }
}

function readError(error: unknown): Error {
  if (error instanceof HttpError) return error
  // Rejecting with nothing is a failure, too.
  const { status, statusCode, message, expose } = (error ?? {}) as Record<string, unknown>
  const code = status ?? statusCode
  if (typeof code !== 'number' || !(code >= 400 && code <= 599))
    return error instanceof Error ? error : new Error(String(error), { cause: error })
  return new HttpError(code, typeof message === 'string' ? message : undefined, {
    cause: error,
    ...(typeof expose === 'boolean' && { expose }),
  })
}

/** An error with a code, as in Node. */
export function coded<E extends Error>(error: E, code: string): E & { code: string } {
  return Object.assign(error, { code })
}

/** The error for an exchange that did not complete because the client has gone or was cut off. */
export function connectionReset(): Error {
  return coded(new Error('aborted'), 'ECONNRESET')
}
