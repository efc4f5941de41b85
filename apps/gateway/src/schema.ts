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

const listener = v.strictObject({
  port: v.pipe(count, v.maxValue(65_535, 'must be a port')),
  host: v.optional(text, '127.0.0.1'),
  tls: v.optional(tls),
  http2: v.optional(flag),
  proxyProtocol: v.optional(addresses),
})

const server = v.union(
  [text, v.strictObject({ url: text, weight: v.optional(positive) })],
  'must be a URL, or an object with "url" and perhaps "weight"',
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
      path: text,
      host: v.optional(text),
      interval: v.optional(positive),
      timeout: v.optional(positive),
      healthy: v.optional(positive),
      unhealthy: v.optional(positive),
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
      failures: v.optional(positive),
      duration: v.optional(positive),
      maxDuration: v.optional(positive),
      maxShare: v.optional(share),
    }),
  ),
  pool: v.optional(
    v.strictObject({ connections: v.optional(positive), idle: v.optional(count), waiting: v.optional(count) }),
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
})

/** A name that is not known is an error, not a wish that is ignored. */
export const schema: v.GenericSchema<unknown, Config> = v.strictObject({
  listen: v.pipe(v.array(listener, 'must be a list'), v.nonEmpty('must have one entry at least')),
  admin: v.optional(v.strictObject({ port: v.pipe(count, v.maxValue(65_535)), host: v.optional(text, '127.0.0.1') })),
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
  routes: v.pipe(v.array(route, 'must be a list'), v.nonEmpty('must have one entry at least')),
  demo: v.optional(
    v.strictObject({
      backends: v.pipe(positive, v.maxValue(16, 'must be 16 at most')),
      requestsPerSecond: v.optional(count, 40),
    }),
  ),
})
