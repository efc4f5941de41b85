import { type Context, HttpError, abortedIn, printError } from '@spillway/core'

/** Prints an error: an expected one in one line, such as a server behind `--proxy` that is down, any other with its stack. */
export function tell(error: unknown, c: Context | null): void {
  if (abortedIn(error) || (error instanceof HttpError && error.status < 500)) return
  const about = c ? `${c.method} ${c.target}` : 'connection'
  if (error instanceof HttpError) console.error(`${about}: ${error.message}`)
  else printError(about, error)
}
