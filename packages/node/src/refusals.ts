import { IncomingMessage, ServerResponse } from 'node:http'

type Options = Readonly<Record<string, unknown>>
type Class = { readonly prototype: unknown } | undefined

/** The unsupported options of a server, and why; empty when it can be served. */
export function refusals(options: Options): string[] {
  const reasons: string[] = []
  if (options['insecureHTTPParser'] === true)
    reasons.push(
      'insecureHTTPParser takes requests for what they are not, which is how they are smuggled: there is no such parser here',
    )
  if (options['requireHostHeader'] === false)
    reasons.push(
      'requireHostHeader: false takes requests of HTTP/1.1 without Host, which have to be refused (RFC 9112 §3.2)',
    )
  if (options['shouldUpgradeCallback'] !== undefined) reasons.push('shouldUpgradeCallback is not known here')
  for (const [name, base] of [
    ['IncomingMessage', IncomingMessage],
    ['ServerResponse', ServerResponse],
  ] as const) {
    const given = options[name] as Class
    if (given !== undefined && given !== (base as Class) && !(given.prototype instanceof base))
      reasons.push(`${name} does not extend Node's class, on which messages are built here`)
  }
  return reasons
}
