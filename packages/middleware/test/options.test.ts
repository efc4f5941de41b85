import { readFileSync, readdirSync } from 'node:fs'
import { type Reader, reader, testReaders } from '@spillway/vitest-config/option-tables'
import { expect, test } from 'vitest'
import type { Context } from '@spillway/core'
import { readOptions } from '@spillway/core/options'
import { inject } from '@spillway/core/testing'
import { type BasicAuthOptions, type BearerAuthOptions, basicAuth, bearerAuth } from '@spillway/middleware/auth'
import { type BodyOptions, type ReadOptions, body } from '@spillway/middleware/body'
import { type CacheOptions, cache } from '@spillway/middleware/cache'
import { type CgiLimits, type CgiOptions, cgi } from '@spillway/middleware/cgi'
import { type ClientOptions, client } from '@spillway/middleware/client'
import {
  type CallInit,
  type ClientOptions as ContractClientOptions,
  client as contractClient,
} from '@spillway/middleware/contract-client'
import { type CodingLevels, type CompressionOptions, compression } from '@spillway/middleware/compression'
import { type CookieOptions, type CookiesOptions, cookies } from '@spillway/middleware/cookies'
import { type CorsOptions, cors } from '@spillway/middleware/cors'
import { type CsrfOptions, csrf } from '@spillway/middleware/csrf'
import {
  type FastCgiLimits,
  type FastCgiOptions,
  type FastCgiScripts,
  type ScriptOptions,
  fastcgi,
} from '@spillway/middleware/fastcgi'
import { type ReadinessOptions, readiness } from '@spillway/middleware/health'
import { type IpOptions, ip } from '@spillway/middleware/ip'
import { type JwtOptions, jwt } from '@spillway/middleware/jwt'
import { type LoadShedOptions, loadShed } from '@spillway/middleware/load-shed'
import { type LoggerOptions, logger } from '@spillway/middleware/logger'
import { type MetricsOptions, metrics } from '@spillway/middleware/metrics'
import type { MultipartLimits } from '@spillway/middleware/multipart'
import { type OpenApiOptions, openApi } from '@spillway/middleware/openapi'
import { type ProblemsOptions, problems } from '@spillway/middleware/problem'
import {
  type BufferOptions,
  type CheckOptions,
  type Ejection,
  type ForwardAuthOptions,
  type PoolLimits,
  type ProxyOptions,
  type RetryBudget,
  type UpstreamTimeouts,
  type UpstreamsOptions,
  forwardAuth,
  proxy,
  upstreams,
} from '@spillway/middleware/proxy'
import { type LocalQuotas, type RateLimitRule, type SharedQuotas, rateLimit } from '@spillway/middleware/rate-limit'
import { type RequestIdOptions, requestId } from '@spillway/middleware/request-id'
import { type RouterOptions, router } from '@spillway/middleware/router'
import { type SecureHeadersOptions, secureHeaders } from '@spillway/middleware/secure-headers'
import { type ServerTimingOptions, serverTiming } from '@spillway/middleware/server-timing'
import { type SessionsOptions, sessions } from '@spillway/middleware/sessions'
import { type SseOptions, sse } from '@spillway/middleware/sse'
import { type SendFileOptions, type StaticOptions, memoryFiles, staticFiles } from '@spillway/middleware/static'
import { type TimeoutOptions, timeout } from '@spillway/middleware/timeout'
import { type TopicOptions, topics } from '@spillway/middleware/topics'
import { type TraceOptions, trace } from '@spillway/middleware/trace'
import { type ValidateOptions, validate } from '@spillway/middleware/validate'
import { type SchemaOptions, websocket } from '@spillway/middleware/websocket'
import type { ConnectOptions } from '@spillway/middleware/websocket-client'
import { type FormLimits, parseForm } from '../src/lib/body/form.ts'
import { type JsonLimits, parseJson } from '../src/lib/body/json.ts'
import { callRules } from '../src/lib/contract/call-rules.ts'
import { giveRules } from '../src/lib/contract/give.ts'
import type { GiveInit } from '../src/lib/contract/types.ts'
import { setCookieValue } from '../src/lib/cookies/set-cookie.ts'
import { multipartRules } from '../src/lib/multipart/parts.ts'
import * as quotas from '../src/lib/rate-limit/store.ts'
import * as kept from '../src/lib/sessions/store.ts'
import { sendRules } from '../src/lib/static/send-files.ts'
import { connectRules } from '../src/lib/websocket/client.ts'

let context!: Context
await inject((c) => {
  context = c
  return c.empty()
}, '/')

const verify = (): undefined => undefined
const folder = new URL('.', import.meta.url)
const group = (options: object): void => upstreams(['http://127.0.0.1'], options).close()
const counts = {
  depth: 'number',
  keys: 'number',
  bodyBytes: 'number',
  ratio: 'number',
  reviver: 'other',
  types: 'other',
} as const
const script = {
  documentRoot: 'other',
  authority: 'other',
  user: 'other',
  authorization: 'other',
  passOn: 'other',
  redirect: 'other',
  onStderr: 'other',
} as const

const readers: readonly Reader[] = [
  reader<BasicAuthOptions<unknown>>('basicAuth', basicAuth, { verify }, { verify: 'needed', realm: 'other' }),
  reader<BearerAuthOptions<unknown>>(
    'bearerAuth',
    bearerAuth,
    { verify },
    { verify: 'needed', realm: 'other', from: 'other', scheme: 'other' },
  ),
  reader<ReadOptions>('body', (options) => body('json', options), {}, counts),
  reader<BodyOptions>('body, raw', (options) => body('json', options), {}, { ...counts, raw: 'other' }),
  reader<ValidateOptions>('validate', (options) => validate({}, options), {}, { ...counts, kinds: 'other' }),
  reader<CacheOptions>(
    'cache',
    cache,
    {},
    { cacheBytes: 'number', entryBytes: 'number', heuristic: 'number', name: 'other' },
  ),
  reader<CgiOptions>(
    'cgi',
    (options) => cgi(folder, options),
    {},
    { ...script, env: 'other', commandLine: 'other', limits: 'other' },
  ),
  reader<CgiLimits>(
    'cgi, limits',
    (limits) => cgi(folder, { limits }),
    {},
    { timeout: 'number', outputBytes: 'number', headBytes: 'number', processes: 'number', bufferBytes: 'number' },
    'limits.',
  ),
  reader<FastCgiOptions>('fastcgi', (options) => fastcgi({ port: 9000 }, options), {}, { ...script, limits: 'other' }),
  reader<ScriptOptions>('fastcgi, scripts', (options) => fastcgi({ port: 9000 }, options), {}, script),
  reader<FastCgiLimits>(
    'fastcgi, limits',
    (limits) => fastcgi({ port: 9000 }, { limits }),
    {},
    {
      timeout: 'number',
      headBytes: 'number',
      connections: 'number',
      waiting: 'number',
      connectTimeout: 'number',
      idleTimeout: 'number',
      bufferBytes: 'number',
    },
    'limits.',
  ),
  reader<CompressionOptions>('compression', compression, {}, { threshold: 'number', filter: 'other', levels: 'other' }),
  reader<CodingLevels>(
    'compression, levels',
    (levels) => compression({ levels }),
    {},
    { zstd: 'number', br: 'number', gzip: 'number', deflate: 'number' },
    'levels.',
  ),
  reader<CorsOptions>(
    'cors',
    cors,
    { origins: '*' },
    {
      origins: 'needed',
      methods: 'other',
      allowHeaders: 'other',
      exposeHeaders: 'other',
      credentials: 'other',
      maxAge: 'number',
    },
  ),
  reader<CsrfOptions>('csrf', csrf, {}, { origins: 'other' }),
  reader<ReadinessOptions>(
    'readiness',
    readiness,
    { server: () => undefined },
    { server: 'needed', checks: 'other', timeout: 'number', interval: 'number' },
  ),
  reader<JwtOptions<object>>(
    'jwt',
    jwt,
    { key: new Uint8Array(32), algorithms: ['HS256'] },
    {
      key: 'needed',
      algorithms: 'needed',
      claims: 'other',
      realm: 'other',
      requiredClaims: 'other',
      issuer: 'other',
      audience: 'other',
      subject: 'other',
      typ: 'other',
      clockTolerance: 'span',
      maxTokenAge: 'span',
      currentDate: 'other',
      crit: 'other',
      from: 'other',
      scheme: 'other',
    },
  ),
  reader<LoadShedOptions>(
    'loadShed by work',
    loadShed,
    { concurrency: 1 },
    { delay: 'number', concurrency: 'needed', retryAfter: 'number' },
  ),
  reader<LoadShedOptions>(
    'loadShed by time',
    loadShed,
    { delay: 1 },
    { delay: 'needed', concurrency: 'number', retryAfter: 'number' },
  ),
  reader<LoggerOptions>(
    'logger',
    logger,
    {},
    { format: 'other', write: 'other', color: 'other', sink: 'other', redact: 'other' },
  ),
  reader<MultipartLimits>(
    'multipart',
    (limits) => readOptions(multipartRules, limits),
    {},
    {
      totalBytes: 'number',
      fileBytes: 'number',
      fieldBytes: 'number',
      headBytes: 'number',
      fields: 'number',
      files: 'number',
    },
  ),
  reader<ProblemsOptions>('problems', problems, {}, { onError: 'other', reply: 'other' }),
  reader<UpstreamsOptions>(
    'upstreams',
    group,
    {},
    {
      balance: 'other',
      timeouts: 'other',
      pool: 'other',
      ejection: 'other',
      check: 'other',
      retryBudget: 'other',
      tls: 'other',
      http2: 'other',
      proxyProtocol: 'other',
      resolveEvery: 'number',
      sticky: 'other',
    },
  ),
  reader<CheckOptions>(
    'upstreams, check',
    (check) => group({ check }),
    { path: '/' },
    {
      path: 'needed',
      host: 'other',
      interval: 'number',
      timeout: 'number',
      healthy: 'number',
      unhealthy: 'number',
    },
    'check.',
  ),
  reader<UpstreamTimeouts>(
    'upstreams, timeouts',
    (timeouts) => group({ timeouts }),
    {},
    { connect: 'number', head: 'number', bodyIdle: 'number', keepAlive: 'number' },
    'timeouts.',
  ),
  reader<PoolLimits>(
    'upstreams, pool',
    (pool) => group({ pool }),
    {},
    { connections: 'number', idle: 'number', waiting: 'number', tunnels: 'number', maxAge: 'number' },
    'pool.',
  ),
  reader<Ejection>(
    'upstreams, ejection',
    (ejection) => group({ ejection }),
    {},
    { failures: 'number', statuses: 'other', duration: 'number', maxDuration: 'number', maxShare: 'number' },
    'ejection.',
  ),
  reader<RetryBudget>(
    'upstreams, retryBudget',
    (retryBudget) => group({ retryBudget }),
    {},
    { ratio: 'number', reserve: 'number' },
    'retryBudget.',
  ),
  reader<JsonLimits>(
    'parseJson',
    (limits) => parseJson(Buffer.from('1'), limits),
    {},
    { depth: 'number', keys: 'number', reviver: 'other' },
  ),
  reader<FormLimits>('parseForm', (limits) => parseForm('a', limits), {}, { keys: 'number' }),
  reader<quotas.MemoryStoreOptions>('memoryStore of quotas', quotas.memoryStore, {}, { keys: 'number' }),
  reader<kept.MemoryStoreOptions>(
    'memoryStore of sessions',
    kept.memoryStore,
    {},
    { sessions: 'number', totalBytes: 'number' },
  ),
  reader<quotas.RedisStoreOptions>(
    'redisStore of quotas',
    (options) => quotas.redisStore(() => Promise.resolve(), options),
    {},
    { prefix: 'other' },
  ),
  reader<kept.RedisStoreOptions>(
    'redisStore of sessions',
    (options) => kept.redisStore(() => Promise.resolve(), options),
    {},
    { prefix: 'other' },
  ),
  reader<RequestIdOptions>('requestId', requestId, {}, { field: 'other', trusted: 'other' }),
  reader<SecureHeadersOptions>(
    'secureHeaders',
    secureHeaders,
    {},
    { csp: 'other', hsts: 'other', fields: 'other', reportOnly: 'other' },
  ),
  reader<ServerTimingOptions>('serverTiming', serverTiming, {}, { show: 'other' }),
  reader<SessionsOptions>(
    'sessions',
    sessions,
    {},
    {
      secrets: 'other',
      store: 'other',
      idleSeconds: 'number',
      maxAge: 'number',
      name: 'other',
      cookie: 'other',
      onError: 'other',
      whenAway: 'other',
      patience: 'number',
      persistent: 'other',
    },
  ),
  reader<TimeoutOptions>('timeout', (options) => timeout(1000, options), {}, { status: 'other', onError: 'other' }),
  reader<ConnectOptions>(
    'connectWebSocket',
    (options) => readOptions(connectRules, options),
    {},
    {
      protocols: 'other',
      http2: 'other',
      server: 'other',
      headers: 'other',
      deflate: 'other',
      messageBytes: 'number',
      bufferedBytes: 'number',
      pingInterval: 'number',
      timeout: 'number',
      signal: 'other',
      ca: 'other',
      onError: 'other',
    },
  ),
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
      via: 'other',
      retries: 'number',
      drop: 'other',
      retryStatuses: 'other',
      rewrite: 'other',
      buffer: 'other',
    },
  ),
  reader<BufferOptions>(
    'proxy, buffer',
    (buffer) => proxy(upstreams(['http://127.0.0.1']), { buffer }),
    {},
    {
      request: 'other',
      reply: 'other',
      memoryBytes: 'number',
      diskBytes: 'number',
      totalMemoryBytes: 'number',
      totalDiskBytes: 'number',
      folder: 'other',
    },
    'buffer.',
  ),
  reader<ForwardAuthOptions>(
    'forwardAuth',
    (options) => forwardAuth(upstreams(['http://127.0.0.1']), options),
    { path: '/verify' },
    { path: 'needed', copy: 'other' },
  ),
  reader<ContractClientOptions>(
    'client of a contract',
    (options) => contractClient('/', options),
    {},
    {
      fetch: 'other',
      headers: 'other',
    },
  ),
  reader<CallInit<'/:id', {}>>(
    'a call of a contract',
    (init) => readOptions(callRules, init),
    {},
    { params: 'other', query: 'other', headers: 'other', body: 'any', as: 'other', signal: 'other' },
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
    { server: 'other', phases: 'other', everyWorker: 'other' },
  ),
  reader<OpenApiOptions>(
    'openApi',
    (options) => openApi(router(), options),
    { info: { title: 'A', version: '1' } },
    { info: 'needed', servers: 'other', toJsonSchema: 'other' },
  ),
  reader<GiveInit>('give', (init) => readOptions(giveRules, init), {}, { headers: 'other' }),
  reader<SendFileOptions>(
    'a file that is sent',
    (options) => readOptions(sendRules, options),
    {},
    { attachment: 'other', type: 'other', cacheControl: 'other' },
  ),
  reader<SseOptions>(
    'sse',
    (options) => sse(context, () => {}, undefined, options),
    {},
    { pingInterval: 'number', bufferedBytes: 'number', retry: 'number' },
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

testReaders(readers)

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

// The compiler holds that the table has every option of a type; this test, that it has every type.
test('every public type of options is in the table', () => {
  const sources = new URL('../src/', import.meta.url)
  const read = (name: string): string => readFileSync(new URL(name, sources), 'utf8')
  const named =
    /\b\w+(?:Options|Init|Limits|Timeouts|Levels|Ejection|Budget|Quotas|Rule)\b|\b(?:Ejection|RetryBudget)\b/g
  const entries = readdirSync(sources).filter((name) => name.endsWith('.ts'))
  const types = entries.flatMap((name) => {
    const exported = [...read(name).matchAll(/^export (?:type )?\{[^}]*\}|^export (?:interface|type) \w+/gm)].join('\n')
    return [...exported.matchAll(named)].map(([type]) => ({ type, full: `${name.slice(0, -3)}.${type}` }))
  })
  // Some names are declared twice, for different things; these need to be told apart.
  const declared = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .flatMap((name) => [...read(name).matchAll(/^export interface (\w+)/gm)].map(([, type]) => type))
  const isTwice = (type: string): boolean => declared.filter((one) => one === type).length > 1
  const table = readFileSync(new URL(import.meta.url), 'utf8')
  const names: Readonly<Record<string, string>> = {
    'client.ClientOptions': 'ClientOptions',
    'contract-client.ClientOptions': 'ContractClientOptions',
    'proxy.PoolLimits': 'PoolLimits',
    'rate-limit.MemoryStoreOptions': 'quotas.MemoryStoreOptions',
    'rate-limit.RedisStoreOptions': 'quotas.RedisStoreOptions',
    'sessions.MemoryStoreOptions': 'kept.MemoryStoreOptions',
    'sessions.RedisStoreOptions': 'kept.RedisStoreOptions',
    // These are made of others that are in the table.
    RateLimitOptions: 'RateLimitRule',
    LocalQuotas: 'RateLimitRule & LocalQuotas',
    SharedQuotas: 'RateLimitRule & LocalQuotas & Omit<SharedQuotas',
    WebSocketOptions: 'SchemaOptions',
    TokenOptions: 'BearerAuthOptions',
  }
  // Core reads those of servers.
  const elsewhere = new Set(['ErrorOptions'])
  const missing = types.filter(({ type, full }) => {
    const name = names[full] ?? (isTwice(type) ? undefined : (names[type] ?? type))
    return !elsewhere.has(type) && (name === undefined || !table.includes(`reader<${name}`))
  })
  expect(types.length).toBeGreaterThan(40)
  expect(missing).toEqual([])
})
