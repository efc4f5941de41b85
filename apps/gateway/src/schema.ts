// The one description of configurations, for checks, editors and error messages.
import { domainToASCII } from 'node:url'
import * as v from 'valibot'
import type { Config, ListenConfig } from './config.ts'
import {
  addresses,
  count,
  errorPages,
  flag,
  milliseconds,
  mustBe,
  oneOf,
  option,
  port,
  positive,
  said,
  text,
  times,
} from './schema-kinds.ts'
import { buffer, route } from './schema-routes.ts'
import { upstream } from './schema-upstreams.ts'
import { secretNames } from './secret-names.ts'

// decision 072
const tls = v.strictObject({
  cert: said(text, 'A PEM file with the certificate, followed by its intermediate certificates'),
  key: said(text, 'The file with its key'),
})

const listener = v.strictObject({
  port: said(port, '0 for any free one'),
  host: v.optional(said(text, 'The address to listen on; :: for all', '127.0.0.1'), '127.0.0.1'),
  tls: option(
    v.union([v.literal(true), tls], 'must be an object with "cert" and "key", or true for those of the hosts'),
    'A certificate, or true for those of "hosts"',
  ),
  http2: option(flag, 'Whether clients may speak HTTP/2', false),
  proxyProtocol: option(addresses, 'Addresses of proxies in front that send a PROXY header'),
} satisfies Record<keyof ListenConfig, unknown>)

const routes = v.pipe(v.array(route, 'must be a list'), v.nonEmpty('must have at least one entry'))

const hostName = v.pipe(
  text,
  v.regex(/^(?:\*\.)?[0-9a-zA-Z_-]+(?:\.[0-9a-zA-Z_-]+)*$/, ({ input }) => {
    // In the form in which browsers send it (RFC 5891).
    const ascii = domainToASCII(input.replace(/^\*\./, ''))
    const advice = ascii !== '' && /[^ -~]/.test(input) ? `: that of ${JSON.stringify(input)} is "${ascii}"` : ''
    return `must be a name of ASCII without a port, which may begin with "*."${advice}`
  }),
)

const host = v.strictObject({
  tls: option(
    v.union([v.literal('acme'), tls], 'must be an object with "cert" and "key", or "acme"'),
    'Its certificate; "acme" requests one from an authority',
  ),
  https: option(flag, 'Whether clients without TLS are redirected to https, with 308', false),
  errors: option(errorPages, 'Error pages by status (404) or class (5xx), for errors of the gateway itself'),
  routes: said(routes, 'What answers for its paths'),
})

const admin = v.strictObject({
  port: said(port, '0 for any free one'),
  host: v.optional(said(text, 'The address to listen on', '127.0.0.1'), '127.0.0.1'),
  names: option(v.array(text), 'Host names that it accepts, besides addresses and localhost', []),
})

const trusted = v.strictObject({
  addresses: said(addresses, 'Addresses and networks of the proxies'),
  fields: v.optional(
    said(oneOf('forwarded', 'x-forwarded'), 'The fields in which all of them name the client', 'x-forwarded'),
    'x-forwarded',
  ),
})

const directory = v.pipe(
  text,
  v.regex(
    /^letsencrypt(?:-staging)?$|^https:\/\/[^\s/]+\/\S*$|^http:\/\/(?:localhost|127\.0\.0\.1)[:/]/,
    'must be "letsencrypt", "letsencrypt-staging", or a URL that begins with https://',
  ),
)

const acme = v.strictObject({
  agreed: said(v.literal(true, 'must be true'), "That you agree to the authority's terms"),
  directory: v.optional(
    said(
      directory,
      'The authority: letsencrypt, letsencrypt-staging (for tests; browsers do not trust it), or the directory URL of another',
      'letsencrypt',
    ),
    'letsencrypt',
  ),
  folder: v.optional(
    said(text, 'The folder for accounts, keys and certificates; it must outlive the process', 'certificates'),
    'certificates',
  ),
  contact: option(
    v.pipe(text, v.regex(/^[^\s@]+@[^\s@]+$/, 'must be an email address')),
    'Email address at which the authority may contact you',
  ),
  challenges: option(
    v.pipe(
      v.array(oneOf('http-01', 'tls-alpn-01'), 'must be a list of "http-01" and "tls-alpn-01"'),
      v.nonEmpty('must have at least one entry'),
    ),
    'How you prove that the names are yours, by port 80 (http-01) or 443 (tls-alpn-01); when one fails, the next is tried. Default: those that "listen" allows',
  ),
  externalAccount: option(
    v.strictObject({
      id: said(text, 'The name of the key'),
      key: said(v.pipe(text, v.regex(/^[\w-]+=*$/, 'must be in base64url')), 'The key, in base64url'),
    }),
    'An account that you have with the authority already',
  ),
})

const logFormats = ['text', 'common', 'combined', 'json', 'none'] as const
const logFormat = oneOf(...logFormats)

const log = v.union(
  [
    logFormat,
    v.strictObject({
      format: said(logFormat, 'For people, for tools that read nginx logs, or JSON'),
      redact: option(v.array(text), 'Names of query parameters whose values are not logged', secretNames),
    }),
  ],
  ({ input }) => mustBe(logFormats, input, ', or an object with "format" and perhaps "redact"'),
)

const timeouts = v.strictObject({
  handshake: option(milliseconds, 'The TLS handshake', 10_000),
  head: option(milliseconds, 'From the first byte of a head to its end', 20_000),
  bodyIdle: option(milliseconds, 'Between two reads of the content of a request', 30_000),
  keepAlive: option(milliseconds, 'Between a reply and the next request on a connection', 72_000),
  writeStall: option(milliseconds, 'While the client takes nothing of what was written', 62_000),
  request: option(milliseconds, 'From the end of a head to the end of its reply; 0 for no limit', 0),
  halfClosed: option(milliseconds, 'For a reply, once the client has closed its side of the connection', 10_000),
  tunnel: option(milliseconds, 'Without a byte in either direction of a WebSocket; 0 for no limit', 0),
})

const limits = v.strictObject({
  connectionsPerAddress: option(
    count,
    'Maximum number of connections from one address, or one IPv6 /64 network; 0 for no limit',
    0,
  ),
  requestsPerConnection: option(count, 'Maximum number of requests on one connection; 0 for no limit', 0),
  bufferedBytes: option(count, 'Maximum number of bytes held for all clients together', 268_435_456),
  headBytes: option(times, 'Maximum number of bytes of the head of a request', 32_768),
  targetBytes: option(times, 'Maximum number of bytes of the target of a request', 8192),
  fields: option(times, 'Maximum number of fields of a request', 128),
})

/** Unknown names are errors. With `satisfies`, the compiler reports a name that is in the type but not here. */
export const schema: v.GenericSchema<unknown, Config> = v.strictObject({
  $schema: option(text, 'The JSON Schema by which editors check this file'),
  listen: said(
    v.pipe(v.array(listener, 'must be a list'), v.nonEmpty('must have at least one entry')),
    'Where the gateway listens for clients',
  ),
  admin: option(admin, 'The dashboard, metrics and health checks, on a port of their own'),
  acme: option(acme, 'The authority that issues certificates for hosts whose tls is "acme"'),
  workers: option(times, 'How many processes share the work', 1),
  trusted: option(trusted, 'Proxies in front of the gateway, and how they name the client'),
  log: v.optional(said(log, 'How requests are logged to standard output', 'text'), 'text'),
  requestId: v.optional(
    said(flag, 'Whether each request gets an identifier, in X-Request-Id, to find it in all logs', true),
    true,
  ),
  compression: v.optional(said(flag, 'Whether replies are compressed where it is worth it', true), true),
  connections: v.optional(said(count, 'Maximum number of connections at a time; 0 for no limit', 0), 0),
  announce: v.optional(
    said(count, 'At shutdown, milliseconds between the first 503 of /readyz and the refusal of connections', 0),
    0,
  ),
  deadline: v.optional(
    said(milliseconds, 'At shutdown, milliseconds that active requests have to finish', 10_000),
    10_000,
  ),
  timeouts: option(timeouts, 'How long clients may take for each phase, in milliseconds'),
  limits: option(limits, 'Limits for what clients send and hold'),
  buffer: option(buffer, 'For routes that do not set it', true),
  upstreams: v.optional(said(v.record(text, upstream), 'Groups of upstream servers by name', {}), {}),
  https: option(flag, 'Whether clients without TLS are redirected to https, for names that are not in "hosts"', false),
  errors: option(errorPages, 'Error pages, for names that are not in "hosts"'),
  hosts: option(v.record(hostName, host), 'What is served under each name: example.org or *.example.org'),
  routes: option(routes, 'What is served under all other names; without it, such requests are refused'),
  demo: option(
    v.strictObject({
      backends: said(v.pipe(positive, v.maxValue(16, 'must be at most 16')), 'How many servers'),
      requestsPerSecond: v.optional(said(count, 'Requests per second of its clients', 40), 40),
    }),
    'Demo servers that are started and killed, and clients that send requests to them',
  ),
} satisfies Record<keyof Config, unknown>)
