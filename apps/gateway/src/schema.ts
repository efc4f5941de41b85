// What a configuration may say: the one description that is checked against, shown by editors, and told in errors.
import * as v from 'valibot'
import type { Config } from './config.ts'
import {
  addresses,
  count,
  errorPages,
  flag,
  milliseconds,
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

const tls = v.strictObject({
  cert: said(text, 'A file with the certificate, and those between it and the authority, in PEM'),
  key: said(text, 'The file with its key'),
})

const listener = v.strictObject({
  port: said(port, '0 takes a free one'),
  host: v.optional(said(text, 'The address; :: for all', '127.0.0.1'), '127.0.0.1'),
  tls: option(
    v.union([v.literal(true), tls], 'must be an object with "cert" and "key", or true for those of the hosts'),
    'A certificate, or true for those of the hosts',
  ),
  http2: option(flag, 'Whether clients may speak HTTP/2', false),
  proxyProtocol: option(addresses, 'Proxies in front that send a PROXY header'),
})

const routes = v.pipe(v.array(route, 'must be a list'), v.nonEmpty('must have one entry at least'))

const hostName = v.pipe(
  text,
  v.regex(/^(?:\*\.)?[0-9a-zA-Z_-]+(?:\.[0-9a-zA-Z_-]+)*$/, 'must be a name without a port, which may begin with "*."'),
)

const host = v.strictObject({
  tls: option(
    v.union([v.literal('acme'), tls], 'must be an object with "cert" and "key", or "acme"'),
    'Its certificate; "acme" asks an authority for one',
  ),
  https: option(flag, 'Whether who comes without TLS is sent there, by a 308', false),
  errors: option(errorPages, 'Pages by status, 404, or kind, 5xx, for errors that are found here'),
  routes: said(routes, 'What answers'),
})

const admin = v.strictObject({
  port: said(port, '0 takes a free one'),
  host: v.optional(said(text, 'The address', '127.0.0.1'), '127.0.0.1'),
  names: option(v.array(text), 'Names by which it may be asked, beside addresses and localhost', []),
})

const trusted = v.strictObject({
  addresses: said(addresses, 'Addresses and networks of the proxies'),
  fields: v.optional(
    said(oneOf('forwarded', 'x-forwarded'), 'The fields by which all of them name the client', 'x-forwarded'),
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
      'The authority: letsencrypt, letsencrypt-staging (for tests, browsers do not believe it), or the URL of the directory of another',
      'letsencrypt',
    ),
    'letsencrypt',
  ),
  folder: v.optional(
    said(text, 'Where accounts, keys and certificates are kept: it must outlive the process', 'certificates'),
    'certificates',
  ),
  contact: option(v.pipe(text, v.regex(/^[^\s@]+@[^\s@]+$/, 'must be an address of mail')), 'Who may be written to'),
  challenges: option(
    v.pipe(
      v.array(oneOf('http-01', 'tls-alpn-01'), 'must be a list of "http-01" and "tls-alpn-01"'),
      v.nonEmpty('must have one entry at least'),
    ),
    'How names are shown to be ours, by port 80 (http-01) or 443 (tls-alpn-01): the next one when one fails; what "listen" has if it is not said',
  ),
  externalAccount: option(
    v.strictObject({
      id: said(text, 'The name of the key'),
      key: said(v.pipe(text, v.regex(/^[\w-]+=*$/, 'must be in base64url')), 'The key, in base64url'),
    }),
    'An account that you have with the authority already',
  ),
})

const logFormat = oneOf('text', 'common', 'combined', 'json', 'none')

const log = v.union(
  [
    logFormat,
    v.strictObject({
      format: said(logFormat, 'For people, for tools that read the logs of nginx, or JSON'),
      redact: option(v.array(text), 'Names in queries whose values are not written', secretNames),
    }),
  ],
  'must be "text", "common", "combined", "json" or "none", or an object with "format" and perhaps "redact"',
)

const timeouts = v.strictObject({
  handshake: option(milliseconds, 'The TLS handshake', 10_000),
  head: option(milliseconds, 'From the first byte of a head to its end', 20_000),
  bodyIdle: option(milliseconds, 'Between two reads of the content of a request', 30_000),
  keepAlive: option(milliseconds, 'Between a reply and the next request on a connection', 72_000),
  writeStall: option(milliseconds, 'Without the client taking what was written last', 62_000),
  request: option(milliseconds, 'From the end of a head to the end of its reply; 0 for any time', 0),
  halfClosed: option(milliseconds, 'For a reply, once the client has ended its side', 10_000),
  tunnel: option(milliseconds, 'Without a byte in either direction of a WebSocket; 0 for any time', 0),
})

const limits = v.strictObject({
  connectionsPerAddress: option(count, 'Connections of one address, of IPv6 one /64 network; 0 for any number', 0),
  requestsPerConnection: option(count, 'Requests on one connection; 0 for any number', 0),
  bufferedBytes: option(count, 'Bytes held for all clients together', 268_435_456),
  headBytes: option(times, 'Of the head of a request', 32_768),
  targetBytes: option(times, 'Of what a request asks for', 8192),
  fields: option(times, 'Fields of a request', 128),
})

/** A name that is not known is an error, not a wish that is ignored. */
export const schema: v.GenericSchema<unknown, Config> = v.strictObject({
  $schema: option(text, 'What editors check the file by'),
  listen: said(
    v.pipe(v.array(listener, 'must be a list'), v.nonEmpty('must have one entry at least')),
    'Where clients come in',
  ),
  admin: option(admin, 'The dashboard, metrics and health, on a port of their own'),
  acme: option(acme, 'The authority that is asked for the certificates of hosts whose tls is "acme"'),
  workers: option(times, 'Processes that share the work', 1),
  trusted: option(trusted, 'Proxies in front, and how they name the client'),
  log: v.optional(said(log, 'Of requests, on the standard output', 'text'), 'text'),
  requestId: v.optional(said(flag, 'A name for each request in X-Request-Id, for logs here and there', true), true),
  compression: v.optional(said(flag, 'Of what is worth it', true), true),
  connections: v.optional(said(count, 'At a time; 0 for any number', 0), 0),
  announce: v.optional(
    said(count, 'Milliseconds between /readyz saying 503 and refusing connections, at the end', 0),
    0,
  ),
  deadline: v.optional(said(milliseconds, 'Milliseconds that requests under way have at the end', 10_000), 10_000),
  timeouts: option(timeouts, 'How long clients may take for what, in milliseconds'),
  limits: option(limits, 'Most of what clients could send or hold without end'),
  buffer: option(buffer, 'For routes that say nothing of it', true),
  upstreams: v.optional(said(v.record(text, upstream), 'Groups of servers by name', {}), {}),
  https: option(flag, 'Whether who comes without TLS, for a name that is not in hosts, is sent there', false),
  errors: option(errorPages, 'Pages for errors, under names that are not in hosts'),
  hosts: option(v.record(hostName, host), 'What is served under which name: example.org or *.example.org'),
  routes: option(routes, 'What is served under all other names; without them such a request is refused'),
  demo: option(
    v.strictObject({
      backends: said(v.pipe(positive, v.maxValue(16, 'must be 16 at most')), 'How many servers'),
      requestsPerSecond: v.optional(said(count, 'Of its clients', 40), 40),
    }),
    'Servers that are started and killed, and clients that ask them',
  ),
})
