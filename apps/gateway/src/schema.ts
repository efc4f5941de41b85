import * as v from 'valibot'
import type { Config } from './config.ts'

const count = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(0, 'must not be negative'),
)
const share = v.pipe(
  v.number('must be a number'),
  v.minValue(0, 'must be between 0 and 1'),
  v.maxValue(1, 'must be between 0 and 1'),
)
const positive = v.pipe(v.number('must be a number'), v.gtValue(0, 'must be greater than 0'))
const text = v.pipe(v.string('must be a text'), v.nonEmpty('must not be empty'))
const flag = v.boolean('must be true or false')
const addresses = v.array(text, 'must be a list of addresses and networks')
const prefix = v.pipe(
  text,
  v.regex(/^\/(?:[\w.~-]+(?:\/[\w.~-]+)*)?$/, 'must begin with a slash and not end in one: /api'),
)

const tls = v.strictObject({ cert: text, key: text })
const port = v.pipe(count, v.maxValue(65_535, 'must be a port'))
const times = v.pipe(
  v.number('must be a number'),
  v.integer('must be a whole number'),
  v.minValue(1, 'must be 1 at least'),
)
const fieldName = v.pipe(
  v.string('must be a text'),
  v.regex(/^[!#$%&'*+\-.^_`|~\da-z]+$/i, 'must be the name of a field'),
)
const fieldValue = v.pipe(v.string('must be a text'), v.regex(/^[^\0\r\n]*$/, 'must be one line'))
const fields = v.record(fieldName, fieldValue)
const errorPages = v.record(
  v.pipe(v.string(), v.regex(/^[45](?:\d\d|xx)$/, 'must be a status, or "4xx" or "5xx"')),
  text,
)

const listener = v.strictObject({
  port,
  host: v.optional(text, '127.0.0.1'),
  tls: v.optional(
    v.union([v.literal(true), tls], 'must be an object with "cert" and "key", or true for those of the hosts'),
  ),
  http2: v.optional(flag),
  proxyProtocol: v.optional(addresses),
})

const weight = v.pipe(v.number('must be a number'), v.minValue(0, 'must not be negative'))

const server = v.union(
  [text, v.strictObject({ url: text, weight: v.optional(weight), backup: v.optional(flag) })],
  'must be a URL, or an object with "url" and perhaps "weight" and "backup"',
)

const upstream = v.strictObject({
  servers: v.pipe(v.array(server, 'must be a list of servers'), v.nonEmpty('must name one server at least')),
  balance: v.optional(
    v.picklist(
      ['round-robin', 'least-connections', 'client', 'path'],
      'must be "round-robin", "least-connections", "client" or "path"',
    ),
  ),
  check: v.optional(
    v.strictObject({
      path: v.pipe(text, v.regex(/^\/[!-~]*$/, 'must begin with a slash: /healthz')),
      host: v.optional(text),
      interval: v.optional(positive),
      timeout: v.optional(positive),
      healthy: v.optional(times),
      unhealthy: v.optional(times),
    }),
  ),
  timeouts: v.optional(
    v.strictObject({
      connect: v.optional(count),
      head: v.optional(count),
      bodyIdle: v.optional(count),
      keepAlive: v.optional(count),
    }),
  ),
  ejection: v.optional(
    v.strictObject({
      failures: v.optional(times),
      duration: v.optional(positive),
      maxDuration: v.optional(positive),
      maxShare: v.optional(share),
    }),
  ),
  pool: v.optional(
    v.strictObject({ connections: v.optional(times), idle: v.optional(count), waiting: v.optional(count) }),
  ),
  proxyProtocol: v.optional(v.picklist([1, 2], 'must be 1 or 2')),
  ca: v.optional(text),
})

const route = v.strictObject({
  path: prefix,
  proxy: v.optional(text),
  strip: v.optional(flag, false),
  host: v.optional(text),
  passOn: v.optional(v.array(text)),
  files: v.optional(text),
  fallback: v.optional(text),
  rateLimit: v.optional(
    v.strictObject({ limit: positive, windowSeconds: v.optional(positive), burst: v.optional(positive) }),
  ),
  cache: v.optional(
    v.union(
      [
        flag,
        v.strictObject({
          cacheBytes: v.optional(count),
          entryBytes: v.optional(count),
          heuristic: v.optional(share),
        }),
      ],
      'must be true, false, or an object with "cacheBytes", "entryBytes" or "heuristic"',
    ),
  ),
  allow: v.optional(addresses),
  deny: v.optional(addresses),
  bodyBytes: v.optional(count),
  redirect: v.optional(
    v.union(
      [
        text,
        v.strictObject({
          to: text,
          status: v.optional(v.picklist([301, 302, 303, 307, 308], 'must be 301, 302, 303, 307 or 308')),
        }),
      ],
      'must be a URL, or an object with "to" and perhaps "status"',
    ),
  ),
  fastcgi: v.optional(
    v.strictObject({
      server: text,
      front: v.optional(text),
      connections: v.optional(times),
      timeout: v.optional(times),
    }),
  ),
  cleanUrls: v.optional(flag),
  secureHeaders: v.optional(flag),
  request: v.optional(v.strictObject({ set: v.optional(fields), remove: v.optional(v.array(fieldName)) })),
  reply: v.optional(
    v.strictObject({ set: v.optional(fields), add: v.optional(fields), remove: v.optional(v.array(fieldName)) }),
  ),
  errors: v.optional(errorPages),
})

const routes = v.pipe(v.array(route, 'must be a list'), v.nonEmpty('must have one entry at least'))

const hostName = v.pipe(
  text,
  v.regex(/^(?:\*\.)?[\da-z_-]+(?:\.[\da-z_-]+)*$/i, 'must be a name without a port, which may begin with "*."'),
)

const host = v.strictObject({
  tls: v.optional(tls),
  https: v.optional(flag),
  errors: v.optional(errorPages),
  routes,
})

/** A name that is not known is an error, not a wish that is ignored. */
export const schema: v.GenericSchema<unknown, Config> = v.strictObject({
  listen: v.pipe(v.array(listener, 'must be a list'), v.nonEmpty('must have one entry at least')),
  admin: v.optional(v.strictObject({ port, host: v.optional(text, '127.0.0.1'), names: v.optional(v.array(text)) })),
  trusted: v.optional(
    v.strictObject({
      addresses,
      fields: v.optional(
        v.picklist(['forwarded', 'x-forwarded'], 'must be "forwarded" or "x-forwarded"'),
        'x-forwarded',
      ),
    }),
  ),
  log: v.optional(
    v.picklist(
      ['text', 'common', 'combined', 'json', 'none'],
      'must be "text", "common", "combined", "json" or "none"',
    ),
    'text',
  ),
  requestId: v.optional(flag, true),
  compression: v.optional(flag, true),
  connections: v.optional(count, 0),
  announce: v.optional(count, 0),
  upstreams: v.optional(v.record(text, upstream), {}),
  https: v.optional(flag),
  errors: v.optional(errorPages),
  hosts: v.optional(v.record(hostName, host)),
  routes: v.optional(routes),
  demo: v.optional(
    v.strictObject({
      backends: v.pipe(positive, v.maxValue(16, 'must be 16 at most')),
      requestsPerSecond: v.optional(count, 40),
    }),
  ),
})
