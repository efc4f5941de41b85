// What may be said of a group of servers.
import * as v from 'valibot'
import type { UpstreamConfig } from './config.ts'
import {
  count,
  flag,
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

const server = v.union(
  [
    text,
    v.strictObject({
      url: said(text, 'http://host:port, https://host, or unix:/path'),
      weight: option(weight, 'Its share of the requests; 0 sends it no more', 1),
      backup: option(flag, 'Gets requests only while none of the others is in use', false),
    }),
  ],
  'must be a URL, or an object with "url" and perhaps "weight" and "backup"',
)

const check = v.strictObject({
  path: said(path, 'What is asked for; any status from 200 to 399 means that it works'),
  host: option(text, "The value of Host; the server's own name if it is not said"),
  interval: option(positive, 'Milliseconds between two checks', 5000),
  timeout: option(positive, 'Milliseconds for an answer', 2000),
  healthy: option(times, 'Good answers in a row until a server that was down is used again', 2),
  unhealthy: option(times, 'Bad answers in a row until a server is not used', 3),
})

const timeouts = v.strictObject({
  connect: option(count, 'Milliseconds until a connection is there', 5000),
  head: option(count, 'Milliseconds from the end of the request to the head of the response', 60_000),
  bodyIdle: option(count, 'Milliseconds between two pieces of the content of a response', 60_000),
  keepAlive: option(count, 'Milliseconds for which a connection is kept for the next request', 4000),
})

const ejection = v.strictObject({
  failures: option(times, 'Failures in a row until a server is left out', 5),
  statuses: option(statuses, 'Statuses that are failures, beside answers that do not come', []),
  duration: option(positive, 'Milliseconds it is left out the first time, twice as long each time after', 10_000),
  maxDuration: option(positive, 'Longest of these times', 300_000),
  maxShare: option(share, 'Share of the servers that may be left out at a time', 0.5),
})

const pool = v.strictObject({
  connections: option(times, 'Connections to one server at a time', 512),
  idle: option(count, 'Connections that are kept for the next request', 128),
  waiting: option(count, 'Requests that wait for a connection; one more is answered 503', 512),
  tunnels: option(count, 'WebSockets to one server at a time', 512),
  maxAge: option(count, 'Milliseconds after which a connection is used no more; 0 for any time', 0),
})

export const upstream: v.GenericSchema<unknown, UpstreamConfig> = v.strictObject({
  servers: said(
    v.pipe(v.array(server, 'must be a list of servers'), v.nonEmpty('must name one server at least')),
    'The servers that can answer the same requests',
  ),
  balance: option(
    oneOf('round-robin', 'least-connections', 'client', 'path'),
    'Who gets a request: the next in turn, the one with the least to do, or always the same for a client or a path',
    'round-robin',
  ),
  sticky: option(text, 'Name of a cookie by which a client stays with the server that answered it first'),
  check: option(check, 'Servers are asked whether they work'),
  timeouts: option(timeouts, 'How long each phase of an exchange may take; 0 for any time'),
  ejection: option(ejection, 'When a server that fails is left out'),
  pool: option(pool, 'Connections to each server'),
  resolveEvery: option(
    milliseconds,
    'Milliseconds between two looks at DNS: each address of a name is a server then; 0 for one server a name',
    0,
  ),
  http2: option(flag, 'Whether servers are spoken to in HTTP/2', false),
  proxyProtocol: option(v.picklist([1, 2], 'must be 1 or 2'), 'Version of a PROXY header that connections begin with'),
  ca: option(text, 'A file with the authorities that vouch for servers with https'),
  cert: option(text, 'A file with the certificate by which the gateway proves who it is to servers with https'),
  key: option(text, 'The file with the key of that certificate'),
  servername: option(
    text,
    'The name that servers with https are asked for and must prove; that of their URL if it is not said',
  ),
})
