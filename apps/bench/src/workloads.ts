// The workloads: what clients do to a server.
import { greeting } from './settings.ts'

/** One request, sent as bytes by load generators and through `node:http` when responses are compared. */
export interface BenchRequest {
  readonly method: 'GET' | 'POST'
  readonly target: string
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Latin1. */
  readonly content?: string
  /** Sends the content chunked instead of with a length. */
  readonly chunked?: boolean
}

/** What clients do to a server. */
export interface Workload {
  readonly name: string
  readonly title: string
  readonly connections: number
  /** Sent in turn. */
  readonly requests: readonly BenchRequest[]
  /** Requests sent at once. Default: 1. */
  readonly pipelined?: number
  /** A connection is closed after this many requests, on average. Default: never. */
  readonly requestsPerConnection?: number
  /** The feature a server must have to take part. */
  readonly needs: Feature
  /** Over TLS 1.3. */
  readonly tls?: true
  /** Over HTTP/2, with this many concurrent streams on each connection. */
  readonly streams?: number
  /** Each client keeps the cookie that a first request gave it. */
  readonly cookie?: true
  /** Instead of requests: messages over WebSockets, or events. */
  readonly messages?: Messages
}

/** Messages that are sent again each time they have come back. */
export interface Messages {
  /**
   * `/echo` sends each message back; so does `/packed`, with compression; `/publish` sends it to all connected clients. `/events` is
   * an event stream for clients that get it, and sends them what is posted there.
   */
  readonly path: '/echo' | '/packed' | '/publish' | '/events'
  readonly bytes: number
  /** Messages in flight at a time, on each connection. */
  readonly atOnce: number
}

/**
 * `greeting`: answers `/plaintext` on a persistent connection. `closing`: also closes it when asked. `http2`: greeting over
 * HTTP/2; `http2-static`: files over HTTP/2. `schema`: serializes responses by a schema. `websocket`: echo; `packed`, `publish`,
 * `events`: the other paths of {@link Messages}. `proxy`: forwards requests to an upstream server; `gateway`: also serves files.
 * `sessions`: counts the visits of a client.
 */
export type Feature =
  | 'greeting'
  | 'closing'
  | 'application'
  | 'schema'
  | 'static'
  | 'tls'
  | 'http2'
  | 'http2-static'
  | 'websocket'
  | 'packed'
  | 'publish'
  | 'events'
  | 'proxy'
  | 'gateway'
  | 'sessions'

/** Whether the servers forward requests to an upstream server, which is started for that. */
export function isProxied({ needs }: Workload): boolean {
  return needs === 'proxy' || needs === 'gateway'
}

/** Whether a server has to use TLS, and whether it then has to speak HTTP/2. */
export type Tls = 'none' | 'tls' | 'h2'

export function tlsOf({ tls, streams }: Workload): Tls {
  if (streams !== undefined) return 'h2'
  return tls ? 'tls' : 'none'
}

/** A site of 20 files from 3 to 300 KB, whose sizes grow by a constant factor. */
const site: readonly (readonly [string, number])[] = Array.from({ length: 20 }, (_, i) => [
  `site-${i}.txt`,
  Math.round((3000 * 100 ** (i / 19)) / 8) * 8,
])

/** Sizes of the files requested by the static workloads, by name. */
export const staticFiles: ReadonlyMap<string, number> = new Map([
  ...site,
  ['4k.txt', 4 * 1024],
  ['100k.txt', 100 * 1024],
  ['1m.txt', 1024 * 1024],
])

const hostField = ['Host', 'localhost'] as const

/** Twelve fields that a browser sends when a link is clicked, with values as of 2025. */
const browserFields = [
  hostField,
  ['Connection', 'keep-alive'],
  ['sec-ch-ua', '"Chromium";v="140", "Not=A?Brand";v="24", "Google Chrome";v="140"'],
  ['sec-ch-ua-mobile', '?0'],
  ['sec-ch-ua-platform', '"Linux"'],
  ['Upgrade-Insecure-Requests', '1'],
  [
    'User-Agent',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
  ],
  ['Accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'],
  ['Sec-Fetch-Site', 'none'],
  ['Sec-Fetch-Mode', 'navigate'],
  ['Accept-Encoding', 'gzip, deflate, br, zstd'],
  ['Accept-Language', 'en-GB,en;q=0.9,de;q=0.8'],
] as const

function get(target: string, fields: BenchRequest['fields'] = [hostField]): BenchRequest {
  return { method: 'GET', target, fields }
}

function post(target: string, content: string, type: string, chunked = false): BenchRequest {
  return { method: 'POST', target, fields: [hostField, ['Content-Type', type]], content, chunked }
}

function staticWorkload(name: string, title: string, file: string, connections: number): Workload {
  return { name, title, connections, needs: 'static', requests: [get(`/static/${file}`)] }
}

function uploadWorkload(name: string, size: string, bytes: number, connections: number): Workload {
  const requests = [post('/upload', 'x'.repeat(bytes), 'application/octet-stream')]
  return { name, title: `upload of ${size}`, connections, needs: 'application', requests }
}

function http2Workload(
  name: string,
  title: string,
  streams: number,
  connections: number,
  requests: readonly BenchRequest[],
  needs: Feature = 'http2',
): Workload {
  return { name, title, connections, needs, requests, tls: true, streams }
}

function messageWorkload(
  name: string,
  title: string,
  needs: 'websocket' | 'packed' | 'publish',
  bytes: number,
  { atOnce = 1, connections = 64 } = {},
): Workload {
  const path = needs === 'websocket' ? '/echo' : (`/${needs}` as const)
  return { name, title, connections, needs, requests: [], messages: { path, bytes, atOnce } }
}

const plaintext = [get('/plaintext')]
const click = [get('/plaintext', browserFields)]
const files = site.map(([name]) => get(`/static/${name}`, browserFields))

export const workloads: readonly Workload[] = [
  { name: 'plaintext', title: 'hello, keep-alive', connections: 64, needs: 'greeting', requests: plaintext },
  {
    name: 'browser',
    title: "hello with a browser's 12 fields",
    connections: 64,
    needs: 'greeting',
    requests: click,
  },
  {
    name: 'pipelined',
    title: 'hello, 16 pipelined',
    connections: 64,
    needs: 'greeting',
    pipelined: 16,
    requests: plaintext,
  },
  {
    name: 'baseline',
    title: 'query + POST, length and chunked',
    connections: 64,
    needs: 'application',
    requests: [
      get('/baseline11?a=13&b=42'),
      post('/baseline11?a=13&b=42', '20', 'text/plain'),
      post('/baseline11?a=13&b=42', '20', 'text/plain', true),
    ],
  },
  {
    name: 'json',
    title: 'JSON of 1 to 50 items',
    connections: 64,
    needs: 'application',
    requests: [1, 5, 10, 15, 25, 40, 50].map((count) => get(`/json/${count}?m=${(count % 3) + 1}`)),
  },
  {
    name: 'json-schema',
    title: 'the same, written by a schema',
    connections: 64,
    needs: 'schema',
    requests: [1, 5, 10, 15, 25, 40, 50].map((count) => get(`/typed/${count}?m=${(count % 3) + 1}`)),
  },
  {
    name: 'short-lived',
    title: 'hello, connections of 10 requests',
    connections: 64,
    needs: 'closing',
    requestsPerConnection: 10,
    requests: plaintext,
  },
  staticWorkload('static-4k', 'file of 4 KiB', '4k.txt', 64),
  staticWorkload('static-100k', 'file of 100 KiB', '100k.txt', 64),
  staticWorkload('static-1m', 'file of 1 MiB', '1m.txt', 64),
  {
    name: 'static-site',
    title: '20 files of 3 to 300 KB',
    connections: 64,
    needs: 'static',
    requests: site.map(([name]) => get(`/static/${name}`)),
  },
  uploadWorkload('upload-500k', '500 KB', 500_000, 32),
  uploadWorkload('upload-1m', '1 MiB', 1024 * 1024, 16),
  uploadWorkload('upload-20m', '20 MB', 20_000_000, 4),
  {
    name: 'proxied',
    title: "hello from a server behind, a browser's fields",
    connections: 64,
    needs: 'proxy',
    requests: click,
  },
  {
    name: 'gateway',
    title: 'the same, and 20 files of its own, by turns',
    connections: 64,
    needs: 'gateway',
    requests: files.flatMap((file) => [file, ...click]),
  },
  {
    name: 'sessions',
    title: 'a session read and changed',
    connections: 64,
    needs: 'sessions',
    cookie: true,
    requests: [get('/session')],
  },
  {
    name: 'events',
    title: 'one event to 1000 clients, for each',
    connections: 1000,
    needs: 'events',
    requests: [],
    messages: { path: '/events', bytes: 125, atOnce: 1 },
  },
  { name: 'tls', title: 'hello over TLS', connections: 64, needs: 'tls', requests: plaintext, tls: true },
  { name: 'c512', title: 'hello, keep-alive', connections: 512, needs: 'greeting', requests: plaintext },
  { name: 'c4096', title: 'hello, keep-alive', connections: 4096, needs: 'greeting', requests: plaintext },
  http2Workload('h2', 'hello, one stream at a time', 1, 64, plaintext),
  http2Workload('h2-32', 'hello, 32 streams at a time', 32, 16, plaintext),
  http2Workload('h2-browser', "hello with a browser's 12 fields, 32 streams", 32, 16, click),
  http2Workload('h2-site', '20 files of 3 to 300 KB, all at once', 20, 16, files, 'http2-static'),
  messageWorkload('websocket', 'echo, 125 bytes', 'websocket', 125),
  messageWorkload('websocket-16', 'echo, 125 bytes, 16 at a time', 'websocket', 125, { atOnce: 16 }),
  messageWorkload('websocket-16k', 'echo, 16 KiB', 'websocket', 16 * 1024),
  messageWorkload('websocket-packed', 'echo, 4 KiB, compressed', 'packed', 4 * 1024),
  messageWorkload('publish', 'one message to 5000 sockets, for each', 'publish', 125, { connections: 5000 }),
]

/** The bytes of a request, as latin1. */
export function wireFormat(request: BenchRequest, close = false): string {
  const { method, target, fields, content, chunked } = request
  const lines = [`${method} ${target} HTTP/1.1`, ...fields.map(([name, value]) => `${name}: ${value}`)]
  if (close) lines.push('Connection: close')
  if (content === undefined) return `${lines.join('\r\n')}\r\n\r\n`
  lines.push(chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${content.length}`)
  const body = chunked ? `${content.length.toString(16)}\r\n${content}\r\n0\r\n\r\n` : content
  return `${lines.join('\r\n')}\r\n\r\n${body}`
}

/** The content of messages: words, as in natural text and in what programs write. */
export function messageText(bytes: number): string {
  let text = ''
  for (let i = 0; text.length < bytes; i++)
    text += `{"id":${(i * 7919) % 10_007},"name":"item ${i}","price":${(i * 37) % 997}},`
  return text.slice(0, bytes)
}

/** The answers that the bench knows in advance; all others must still be the same from every server. */
export function expected({ target }: BenchRequest): string | undefined {
  return target === '/plaintext' || target === '/session' ? greeting : undefined
}
