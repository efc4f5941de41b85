import { AbortedError, type Context, HttpError, printError } from '@spillway/core'

/** Tells of an error: in one line what is known to happen, as when a server behind `--proxy` is down, and in full what is not. */
export function tell(error: unknown, c: Context | null): void {
  if (error instanceof AbortedError || (error instanceof HttpError && error.status < 500)) return
  const about = c ? `${c.method} ${c.target}` : 'connection'
  if (error instanceof HttpError) console.error(`${about}: ${error.message}`)
  else printError(about, error)
}
