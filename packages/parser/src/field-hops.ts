import { tokenList } from './field-lists.ts'

/** Fields of one connection only, and those for a proxy itself. RFC 9110 §7.6.1 and §11.7. */
const hops =
  /^(connection|keep-alive|te|trailer|transfer-encoding|upgrade|proxy-(connection|authenticate|authorization))$/i

/**
 * The fields that a proxy passes on: without those of the connection they came on, and those that Connection names. How the
 * content is framed on the next connection is for who writes there to say, but Content-Length stays. RFC 9110 §7.6.1.
 */
export function endToEndFields(fields: Iterable<readonly [string, string]>): [string, string][] {
  const all = Array.from(fields, ([name, value]): [string, string] => [name, value])
  const named = new Set(
    all.flatMap(([name, value]) => (/^connection$/i.test(name) ? tokenList(value.toLowerCase()) : [])),
  )
  // Connection cannot remove the fields that say where a message ends or whom it is for
  for (const name of ['content-length', 'host']) named.delete(name)
  return all.filter(([name]) => !hops.test(name) && !named.has(name.toLowerCase()))
}
