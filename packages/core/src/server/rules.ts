// The options of a server, a listener and a shutdown: what each may be, and its default.
import type {
  CertificateFinder,
  ListenOptions,
  Pem,
  PemCertificate,
  PfxCertificate,
  ProxyProtocolOptions,
  TlsPolicy,
  TlsReload,
} from './listen-options.ts'
import { longestTimer } from './clock.ts'
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
} from '../exchange/read-options.ts'
import type { CloseOptions, ServerOptions } from './server.ts'

/** The same rule for each of several numbers. */
function each<T extends Limits | Timeouts>(
  defaults: T,
  rule: (fallback: number) => Rule<number>,
): { readonly [K in keyof T]: Rule<number> } {
  const rules = Object.entries(defaults).map(([name, value]: [string, number]) => [name, rule(value)])
  return Object.fromEntries(rules) as { readonly [K in keyof T]: Rule<number> }
}

/** Bytes and counts. The parser has its own bounds for the limits passed to it. */
export const limitRules: Rules<Limits> = each(defaultLimits, whole)

/** The resolved options of a server. */
export interface ServerSettings extends Omit<ServerOptions, 'limits' | 'timeouts'> {
  readonly limits: Limits
  readonly timeouts: Timeouts
}

export const serverRules: Rules<ServerSettings> = {
  limits: section(limitRules),
  timeouts: section(each(defaultTimeouts, amount)),
  onError: callback<NonNullable<ServerOptions['onError']>>(),
}

const filled = text('', /./)
const pem = optional(either(filled, thing<Exclude<Pem, string>>('PEM text'))) as Rule<Pem | undefined>
const pems = optional(either(filled, thing('PEM text, or a list of it'))) as Rule<Pem | readonly Pem[] | undefined>

/** A listener's certificate is either PEM or PKCS #12; which of the two is checked after all options have been read. */
type AnyCertificate = Partial<PemCertificate & PfxCertificate>

export type TlsSettings = AnyCertificate &
  Settled<
    TlsPolicy,
    'requestCert' | 'minVersion' | 'maxVersion' | 'ciphers' | 'honorCipherOrder' | 'ecdhCurve' | 'sessionTimeout'
  >

/**
 * Without key exchanges in which one stolen key would open everything ever recorded, and without ciphers that have already been broken
 * in TLS (RFC 9325 §4.2). DHE is used only with `dhparam`.
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  'DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-GCM-SHA384:DHE-RSA-CHACHA20-POLY1305',
].join(':')

/** The options of {@link Listening.reload}. */
export const reloadRules: Rules<TlsReload> = {
  cert: pems,
  key: pems,
  pfx: thing<Uint8Array>('the bytes of a file'),
  passphrase: optional(text()),
  sni: thing<NonNullable<TlsPolicy['sni']>>('an object or a function'),
  ca: pems,
  crl: pems,
  ticketKeys: thing<Uint8Array>('48 bytes'),
}

const tlsRules: Rules<TlsSettings> = {
  ...reloadRules,
  acmeChallenge: callback<CertificateFinder>(),
  requestCert: choice([true, false, 'optional', 'any'], false),
  minVersion: choice(['TLSv1.2', 'TLSv1.3'], 'TLSv1.2'),
  maxVersion: choice(['TLSv1.2', 'TLSv1.3'], 'TLSv1.3'),
  ciphers: text(ciphers, /./),
  honorCipherOrder: flag(true),
  ecdhCurve: text('auto', /./),
  dhparam: pem,
  secureOptions: optional(whole()),
  ocsp: callback<NonNullable<TlsPolicy['ocsp']>>(),
  sessionTimeout: whole(2 * 60 * 60 * 1000, { from: 1000, to: (2 ** 31 - 1) * 1000 }),
}

export type ListenSettings = Settled<
  Omit<ListenOptions, 'tls'>,
  'ipv6Only' | 'backlog' | 'http2' | 'reusePort' | 'keepAliveProbe'
> & {
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
  reusePort: flag(false),
  keepAliveProbe: amount(60_000, { to: longestTimer }),
  tls: optional(section(tlsRules)),
  http2: flag(false),
  proxyProtocol: optional(section({ trusted: required(list(text())) } satisfies Rules<ProxyProtocolOptions>)),
}

export type CloseSettings = Required<CloseOptions>

/** Infinity means no deadline. */
export const closeRules: Rules<CloseSettings> = {
  announce: amount(0),
  deadline: amount(30_000),
}

/** Of the options that were read, those that these rules are for. */
export function ofRules<R extends object>(rules: R, read: Read<R>): Read<R> {
  return Object.fromEntries(Object.entries(read).filter(([name]) => name in rules)) as Read<R>
}
