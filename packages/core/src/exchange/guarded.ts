// The boundary to everything a user hands in: callbacks may throw, reject, or return what only looks like a promise.

/**
 * Whether a value has a `then`, so that it has to be waited for: a promise, or what is used like one, such as the queries of
 * database clients. Looking may run code of the value's own, and throw.
 */
export function isThenable<T>(value: T | Promise<T>): value is Promise<T>
export function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T>
export function isThenable(value: unknown): boolean {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as Partial<PromiseLike<unknown>>).then === 'function'
  )
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
 * unhandled: what goes wrong is reported once.
 * @param report may be an application's own: what it throws or rejects with is printed.
 */
export function guarded<A extends readonly unknown[]>(
  callback: (...args: A) => unknown,
  report: (error: unknown) => unknown,
  ...args: A
): void {
  try {
    const result = callback(...args)
    // A `then` of its own may call back twice, or throw; the platform's does not.
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
 * The promise itself, whose rejection ends no process when its owner has lost interest: for what core rejects because of
 * something the client did. Whoever awaits it still gets the error.
 */
export function handled<T extends Promise<unknown>>(promise: T): T {
  promise.catch(ignore)
  return promise
}

/**
 * Prints an error. What a client has sent may be in `where`, which is never taken for a format; and an error that fails
 * while it is looked at is an error all the same.
 */
export function printError(where: string, error: unknown): void {
  try {
    console.error('%s:', where, error)
  } catch {
    try {
      console.error('%s: %s', where, 'an error that cannot be shown')
    } catch {
      // There is no error output.
    }
  }
}

export function ignore(): void {}
