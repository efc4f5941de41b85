import { tokenList } from './field-lists.ts'

/** Fields for a single connection, and those meant for a proxy itself. RFC 9110 §7.6.1 and §11.7. */
const hops =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-(connection|authenticate|authorization))$/i

/**
 * The fields that a proxy passes on: without those of the connection on which they came, and those that Connection names. Whoever
 * writes the next message decides how its content is framed there, but Content-Length is kept. RFC 9110 §7.6.1.
 */
export function endToEndFields(fields: Iterable<readonly [string, string]>): [string, string][] {
  const all = Array.from(fields, ([name, value]): [string, string] => [name, value])
  const named = new Set(
    all.flatMap(([name, value]) => (/^connection$/i.test(name) ? tokenList(value.toLowerCase()) : [])),
  )
  // Connection cannot remove the fields that say where a message ends or which host it is for
  for (const name of ['content-length', 'host']) named.delete(name)
  return all.filter(([name]) => !hops.test(name) && !named.has(name.toLowerCase()))
}
