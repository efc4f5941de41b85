/**
 * Finds out early whether something cannot answer requests, or not in the intended way: applications of other servers, for example.
 * @throws TypeError when it is not a handler.
 */
export function checkHandler(handler: unknown): void {
  const { fetch, listen } = Object(handler) as { readonly [name: string]: unknown }
  // Express and connect applications are functions with a method `listen`.
  if (typeof handler === 'function' && typeof listen !== 'function') return
  const kind = typeof handler === 'function' ? 'one that listens by itself' : typeof handler
  throw new TypeError(`A handler is a function, not ${kind}${adviceFor(fetch, listen)}`)
}

function adviceFor(fetch: unknown, listen: unknown): string {
  if (typeof fetch === 'function')
    return ': fromFetch of @spillway/core/web makes one of the `fetch` of a fetch application'
  return typeof listen === 'function'
    ? ': applications for node:http run behind @spillway/middleware/connect or /node'
    : ''
}
