import { describe, expect, test } from 'vitest'
import { type ClientOptions, client } from '@spillway/middleware/client'
import { type CookieOptions, type CookiesOptions, cookies } from '@spillway/middleware/cookies'
import { type FastCgiScripts, fastcgi } from '@spillway/middleware/fastcgi'
import { type IpOptions, ip } from '@spillway/middleware/ip'
import { type MetricsOptions, metrics } from '@spillway/middleware/metrics'
import { type OpenApiOptions, openApi } from '@spillway/middleware/openapi'
import { type ProxyOptions, proxy, upstreams } from '@spillway/middleware/proxy'
import { type LocalQuotas, type RateLimitRule, type SharedQuotas, rateLimit } from '@spillway/middleware/rate-limit'
import { type RouterOptions, router } from '@spillway/middleware/router'
import { type StaticOptions, memoryFiles, staticFiles } from '@spillway/middleware/static'
import { type TopicOptions, topics } from '@spillway/middleware/topics'
import { type TraceOptions, trace } from '@spillway/middleware/trace'
import { type SchemaOptions, websocket } from '@spillway/middleware/websocket'
import { setCookieValue } from '../src/lib/cookies/set-cookie.ts'

/** `number` has limits, `needed` has no default, `other` is neither. */
type Sort = 'number' | 'needed' | 'other'

interface Reader {
  readonly name: string
  /** Reads options that are of the right kinds or not. */
  readonly read: (options: any) => unknown
  /** What has to be there for the others to be tried. */
  readonly given: object
  readonly sorts: Readonly<Record<string, Sort>>
}

/** The compiler asks for every option there is. */
function reader<O extends object>(
  name: string,
  read: Reader['read'],
  given: object,
  sorts: Readonly<Record<keyof O, Sort>>,
): Reader {
  return { name, read, given, sorts }
}

const readers: readonly Reader[] = [
  reader<RateLimitRule & LocalQuotas & Omit<SharedQuotas, 'store'>>(
    'rateLimit',
    rateLimit,
    { limit: 1 },
    {
      limit: 'needed',
      windowSeconds: 'number',
      burst: 'number',
      key: 'other',
      name: 'other',
      store: 'other',
      whenAway: 'other',
      patience: 'number',
      onError: 'other',
    },
  ),
  reader<SchemaOptions<any>>(
    'websocket',
    (options) => websocket(() => ({}), options),
    {},
    {
      origins: 'other',
      protocols: 'other',
      messageBytes: 'number',
      bufferedBytes: 'number',
      messagesPerSecond: 'number',
      deflate: 'other',
      maxInflation: 'number',
      pingInterval: 'number',
      idleTimeout: 'number',
      onError: 'other',
      schema: 'other',
    },
  ),
  reader<TopicOptions>('topics', topics, {}, { bus: 'other', slow: 'other', topicsEach: 'number', onError: 'other' }),
  reader<StaticOptions>(
    'staticFiles',
    (options) => staticFiles(memoryFiles({}), options),
    {},
    {
      cacheControl: 'other',
      immutable: 'other',
      precompressed: 'other',
      compress: 'other',
      cleanUrls: 'other',
      listing: 'other',
      fallback: 'other',
      notFound: 'other',
      cacheBytes: 'number',
      recheckAfter: 'number',
    },
  ),
  reader<CookieOptions>(
    'setCookieValue',
    (options) => setCookieValue('a', 'b', options),
    {},
    {
      maxAge: 'number',
      path: 'other',
      domain: 'other',
      httpOnly: 'other',
      secure: 'other',
      sameSite: 'other',
      partitioned: 'other',
    },
  ),
  reader<CookiesOptions>('cookies', cookies, { secrets: 's'.repeat(32) }, { secrets: 'needed' }),
  reader<ProxyOptions>(
    'proxy',
    (options) => proxy(upstreams(['http://127.0.0.1']), options),
    {},
    {
      host: 'other',
      forwarded: 'other',
      headers: 'other',
      passOn: 'other',
      drop: 'other',
      via: 'other',
      retries: 'number',
    },
  ),
  reader<ClientOptions>(
    'client',
    client,
    { trusted: ['127.0.0.1'], fields: 'forwarded' },
    { trusted: 'needed', fields: 'needed' },
  ),
  reader<IpOptions>('ip that allows', ip, { deny: ['127.0.0.1'] }, { allow: 'other', deny: 'needed' }),
  reader<IpOptions>('ip that denies', ip, { allow: ['127.0.0.1'] }, { allow: 'needed', deny: 'other' }),
  reader<MetricsOptions>(
    'metrics',
    (options) => metrics(options).stop(),
    {},
    { server: 'other', everyWorker: 'other' },
  ),
  reader<OpenApiOptions>(
    'openApi',
    (options) => openApi(router(), options),
    { info: { title: 'A', version: '1' } },
    { info: 'needed', servers: 'other', toJsonSchema: 'other' },
  ),
  reader<TraceOptions>('trace', trace, {}, { trusted: 'other', sample: 'other' }),
  reader<RouterOptions>('router', router, {}, { trailingSlash: 'other', stringify: 'other', toJsonSchema: 'other' }),
  reader<FastCgiScripts>(
    'fastcgi().scripts',
    (options) => fastcgi({ port: 9000 }).scripts(new URL('.', import.meta.url), options),
    {},
    { extension: 'other', index: 'other' },
  ),
]

describe.each(readers)('$name', ({ read, given, sorts }) => {
  const names = Object.keys(sorts)
  const needed = names.filter((name) => sorts[name] === 'needed')
  const numbers = names.filter((name) => sorts[name] === 'number')
  const attempt = (name: string, value: unknown) => () => read({ ...given, [name]: value })

  test('has a default for what is undefined, and needs what has none', () => {
    expect(() => read(given)).not.toThrow()
    for (const name of needed) expect(attempt(name, undefined)).toThrow(TypeError)
    for (const name of names.filter((one) => !needed.includes(one))) expect(attempt(name, undefined)).not.toThrow()
  })

  test('refuses a name that there is not, and tells the nearest one', () => {
    for (const name of names) {
      expect(attempt(`${name}_`, undefined)).toThrow(TypeError)
      expect(attempt(`${name}_`, undefined)).toThrow(`There is no option \`${name}_\`: is it \`${name}\`?`)
    }
    expect(() => read('text')).toThrow(TypeError)
  })

  test('refuses another kind of value', () => {
    for (const name of names) {
      expect(attempt(name, null)).toThrow(TypeError)
      expect(attempt(name, Symbol('other'))).toThrow(TypeError)
    }
  })

  test('refuses numbers that are no limit, by the name of the option', () => {
    for (const name of numbers) {
      for (const value of [NaN, -1, -Infinity]) {
        expect(attempt(name, value)).toThrow(RangeError)
        expect(attempt(name, value)).toThrow(`\`${name}\``)
      }
      expect(attempt(name, '1')).toThrow(TypeError)
    }
  })
})

test.each([NaN, -1, 0, 1.5, Infinity])('a limit of %d requests is none', (limit) => {
  expect(() => rateLimit({ limit })).toThrow(RangeError)
  expect(() => rateLimit({ limit })).toThrow('`limit`')
})

test.each([
  ['the longest time of a store', (patience: number) => rateLimit({ limit: 1, patience }), 0, 2 ** 31 - 1],
  ['the largest message', (messageBytes: number) => websocket(() => ({}), { messageBytes }), 1, 2 ** 31 - 1],
  ['the longest silence', (idleTimeout: number) => websocket(() => ({}), { idleTimeout }), 0, 2 ** 31 - 1],
  ['the age of a cookie', (maxAge: number) => setCookieValue('a', 'b', { maxAge }), 0, Number.MAX_SAFE_INTEGER],
  ['requests in a second', (limit: number) => rateLimit({ limit, windowSeconds: 1 }), 1, 2_000_000],
] as const)('%s has two ends', (_, read, least, most) => {
  for (const value of [least, least + 1, most - 1, most]) expect(() => read(value)).not.toThrow()
  for (const value of [least - 1, most + 1]) expect(() => read(value)).toThrow(RangeError)
})
