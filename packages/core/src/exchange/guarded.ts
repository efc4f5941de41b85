// The boundary to all user code: callbacks may throw, reject, or return something that only looks like a promise.

/**
 * Whether a value has a `then`, so that it has to be waited for: a promise, or something used like one, such as the queries of
 * database clients. Inspecting it may run foreign code, and throw.
 */
export function isThenable<T>(value: T | Promise<T>): value is Promise<T>
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T>
export function isThenable(value: unknown): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  )
}

/** What something is, in a word or two. */
export function kindOf(value: unknown): string {
  if (typeof value === 'string') return 'a string'
  if (typeof value === 'function') return `a function (${value.name || 'without a name'})`
  if (typeof value !== 'object' || value === null) return String(value).slice(0, 40)
  if (Array.isArray(value)) return 'an array'
  const { name } = (value.constructor as { readonly name?: string } | undefined) ?? {}
  return `an object (${name || 'without a class'})`
}

/** `instanceof` for what was thrown, or handed in: looking at it may run code of its own, and fail. */
export function isInstance<T>(value: unknown, kind: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof kind
  } catch {
    return false
  }
}

/**
 * Calls a callback whose result nobody waits for. Whatever it does, nothing is thrown here and no rejection is left
 * unhandled: an error is reported once.
 * @param report may be the application's own: if it throws or rejects, that is printed.
 */
export function guarded<A extends readonly unknown[]>(
  callback: (...args: A) => unknown,
  report: (error: unknown) => unknown,
  ...args: A
): void {
  try {
    const result = callback(...args)
    // A foreign `then` may call back twice, or throw; the platform's does not.
    if (isThenable(result)) Promise.resolve(result).then(undefined, (error: unknown) => tell(report, error))
  } catch (error) {
    tell(report, error)
  }
}

function tell(report: (error: unknown) => unknown, error: unknown): void {
  try {
    const told = report(error)
    if (isThenable(told)) Promise.resolve(told).then(undefined, printSecond)
  } catch (second) {
    printSecond(second)
  }
}

function printSecond(error: unknown): void {
  printError('while an error was reported', error)
}

/**
 * The same promise, but its rejection does not end the process when its owner no longer awaits it: for promises that core rejects because
 * of something the client did. Anyone who awaits it still gets the error.
 */
export function handled<T extends Promise<unknown>>(promise: T): T {
  promise.catch(ignore)
  return promise
}

/** As {@link handled}, for each piece that a reader asks for. */
export function handledPieces<T>(pieces: AsyncGenerator<T, void, undefined>): AsyncGenerator<T, void, undefined> {
  const next = pieces.next.bind(pieces)
  pieces.next = () => handled(next())
  return pieces
}

/**
 * Prints an error. `where` may contain what a client sent, so it is never used as a format; and an error that throws
 * while it is inspected is printed all the same.
 */
export function printError(where: string, error: unknown): void {
  try {
    console.error('%s:', where, error)
  } catch {
    try {
      console.error('%s: %s', where, 'an error that cannot be shown')
    } catch {
      // There is nowhere to print to.
    }
  }
}

/** Does nothing: for failures that are reported elsewhere, or that nobody waits for any more. */
export function ignore(): void {}
