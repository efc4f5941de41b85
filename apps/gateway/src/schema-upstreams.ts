// The schema of a group of upstream servers.
import { upstreams } from '@spillway/middleware/proxy'
import * as v from 'valibot'
import type { UpstreamConfig } from './config.ts'
import {
  count,
  flag,
  made,
  milliseconds,
  oneOf,
  option,
  path,
  positive,
  said,
  share,
  statuses,
  text,
  times,
} from './schema-kinds.ts'

const weight = v.pipe(v.number('must be a number'), v.minValue(0, 'must not be negative'))

const url = made((given) => upstreams([given]))

const server = v.union(
  [
    url,
    v.strictObject({
      url: said(url, 'http://host:port, https://host, or unix:/path'),
      weight: option(weight, 'Its share of the requests; 0 sends it none', 1),
      backup: option(flag, 'Whether it gets requests only while none of the others is in use', false),
    }),
  ],
  'must be a URL, or an object with "url" and perhaps "weight" and "backup"',
)

const cookieName = v.pipe(text, v.regex(/^[!#$%&'*+\-.^_`|~\da-zA-Z]+$/, 'must be the name of a cookie'))

const check = v.strictObject({
  path: said(path, 'The path to ask for; a status from 200 to 399 means that the server works'),
  host: option(text, "The value of Host; default: the server's own name"),
  interval: option(positive, 'Milliseconds between two checks', 5000),
  timeout: option(positive, 'Milliseconds to wait for an answer', 2000),
  healthy: option(times, 'Good answers in a row until a server that was down is used again', 2),
  unhealthy: option(times, 'Bad answers in a row until a server is not used', 3),
})

const timeouts = v.strictObject({
  connect: option(count, 'Milliseconds until a connection is established', 5000),
  head: option(count, 'Milliseconds from the end of the request to the head of the response', 60_000),
  bodyIdle: option(count, 'Milliseconds between two pieces of the content of a response', 60_000),
  keepAlive: option(count, 'Milliseconds for which a connection is kept for the next request', 4000),
})

const ejection = v.strictObject({
  failures: option(times, 'Failures in a row after which a server is left out', 5),
  statuses: option(statuses, 'Statuses that count as failures, in addition to missing answers', []),
  duration: option(
    positive,
    'Milliseconds for which it is left out the first time; this doubles each further time',
    10_000,
  ),
  maxDuration: option(positive, 'The longest of these times', 300_000),
  maxShare: option(share, 'Share of the servers that may be left out at a time', 0.5),
})

const pool = v.strictObject({
  connections: option(times, 'Maximum number of connections to one server at a time', 512),
  idle: option(count, 'Maximum number of idle connections that are kept for the next request', 128),
  waiting: option(count, 'Maximum number of requests that wait for a connection; further ones are answered 503', 512),
  tunnels: option(count, 'Maximum number of WebSockets to one server at a time', 512),
  maxAge: option(count, 'Milliseconds after which a connection is no longer used; 0 for no limit', 0),
})

export const upstream: v.GenericSchema<unknown, UpstreamConfig> = v.strictObject({
  servers: said(
    v.pipe(v.array(server, 'must be a list of servers'), v.nonEmpty('must name at least one server')),
    'The servers that can answer the same requests',
  ),
  balance: option(
    oneOf('round-robin', 'least-connections', 'client', 'path'),
    'Which server gets a request: the next in turn, the least busy one, or always the same for a client or a path',
    'round-robin',
  ),
  sticky: option(cookieName, 'Name of a cookie that keeps a client with the server that answered it first'),
  check: option(check, 'How servers are asked whether they work'),
  timeouts: option(timeouts, 'How long each phase of an exchange may take; 0 for no limit'),
  ejection: option(ejection, 'When a server that fails is left out'),
  pool: option(pool, 'Connections to each server'),
  resolveEvery: option(
    milliseconds,
    'Milliseconds between DNS lookups, which make every address of a name a server; 0 for one server per name',
    0,
  ),
  http2: option(flag, 'Whether HTTP/2 is used with the servers', false),
  proxyProtocol: option(
    v.picklist([1, 2], 'must be 1 or 2'),
    'Version of the PROXY header at the start of each connection',
  ),
  ca: option(text, 'A file with the certificates of the authorities that are trusted for servers with https'),
  cert: option(text, 'A file with the certificate that the gateway presents to servers with https'),
  key: option(text, 'The file with the key of that certificate'),
  servername: option(
    text,
    'The name that certificates of servers with https must have; default: the name in their URL',
  ),
} satisfies Record<keyof UpstreamConfig, unknown>)
