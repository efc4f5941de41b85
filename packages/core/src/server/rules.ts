// What may be said to a server, to a listener and to a shutdown, and what is when it is not said.
import type { ListenOptions, Pem, TlsOptions } from './listen-options.ts'
import { type Limits, type Timeouts, defaultLimits, defaultTimeouts } from './options.ts'
import {
  type Read,
  type Rule,
  type Rules,
  type Settled,
  amount,
  callback,
  choice,
  either,
  flag,
  list,
  optional,
  required,
  section,
  text,
  thing,
  whole,
} from './read-options.ts'
import type { CloseOptions, ServerOptions } from './server.ts'

/** One rule for each of some numbers. */
function each<T extends Limits | Timeouts>(
  defaults: T,
  rule: (fallback: number) => Rule<number>,
): { readonly [K in keyof T]: Rule<number> } {
  const rules = Object.entries(defaults).map(([name, value]: [string, number]) => [name, rule(value)])
  return Object.fromEntries(rules) as { readonly [K in keyof T]: Rule<number> }
}

/** Bytes and counts. The parser has bounds of its own for those that it is given. */
export const limitRules: Rules<Limits> = each(defaultLimits, whole)

/** Options of a server, as it has them. */
export interface ServerSettings extends Pick<ServerOptions, 'onError'> {
  readonly limits: Limits
  readonly timeouts: Timeouts
}

export const serverRules: Rules<ServerSettings> = {
  limits: section(limitRules),
  timeouts: section(each(defaultTimeouts, amount)),
  onError: callback<NonNullable<ServerOptions['onError']>>(),
}

const filled = text('', /./)
const pem = either(filled, thing<Exclude<Pem, string>>('PEM text')) as Rule<Pem>

export type TlsSettings = Settled<TlsOptions, 'requestCert' | 'minVersion'>

const tlsRules: Rules<TlsSettings> = {
  cert: required(pem),
  key: required(pem),
  sni: thing<NonNullable<TlsOptions['sni']>>('an object or a function'),
  ca: optional(either(filled, thing<Exclude<TlsOptions['ca'], string | undefined>>('PEM text, or a list'))),
  requestCert: choice([true, false, 'optional'], false),
  minVersion: choice(['TLSv1.2', 'TLSv1.3'], 'TLSv1.2'),
}

/** What takes the place of certificates that are there. */
export const reloadRules: Rules<Partial<Pick<TlsOptions, 'cert' | 'key' | 'sni' | 'ca'>>> = {
  cert: optional(pem),
  key: optional(pem),
  sni: tlsRules.sni,
  ca: tlsRules.ca,
}

export type ListenSettings = Settled<Omit<ListenOptions, 'tls'>, 'ipv6Only' | 'backlog' | 'http2'> & {
  readonly tls?: TlsSettings
}

export const listenRules: Rules<ListenSettings> = {
  port: optional(whole(0, { to: 65_535 })),
  host: optional(filled),
  ipv6Only: flag(false),
  path: optional(filled),
  mode: optional(whole(0, { to: 0o7777 })),
  fd: optional(whole(0, { to: 2 ** 31 - 1 })),
  backlog: whole(511, { from: 1, to: 2 ** 31 - 1 }),
  tls: optional(section(tlsRules)),
  http2: flag(false),
  proxyProtocol: optional(section({ trusted: required(list(text())) })),
}

export type CloseSettings = Required<CloseOptions>

/** Infinity is no deadline. */
export const closeRules: Rules<CloseSettings> = {
  announce: amount(0),
  deadline: amount(30_000),
}

/** Of options that were read, those that these rules are about. */
export function ofRules<R extends object>(rules: R, read: Read<R>): Read<R> {
  return Object.fromEntries(Object.entries(read).filter(([name]) => name in rules)) as Read<R>
}
