// Why a cell of a table is empty.
import type { Record } from './page.ts'
import { contenders } from './servers.ts'
import type { Feature, Workload } from './workloads.ts'

const sockets: readonly Feature[] = ['websocket', 'packed', 'publish']
const http2: readonly Feature[] = ['http2', 'http2-static']
const passing: readonly Feature[] = ['proxy', 'gateway']
const programmed: readonly Feature[] = ['application', 'schema', 'sessions', 'events', ...sockets]

/** Servers, what they do not do, and why; the first match applies. Without a list of features: all. */
const reasons: readonly {
  readonly servers: readonly string[]
  readonly lacks?: readonly Feature[]
  readonly because: string
}[] = [
  { servers: ['raw-net'], because: 'it knows one reply, and does not read requests' },
  { servers: ['gateway'], lacks: programmed, because: 'it runs no application' },
  { servers: ['gateway'], because: 'there it is spillway itself' },
  { servers: ['nginx', 'haproxy', 'caddy', 'h2o'], lacks: programmed, because: 'it runs no application' },
  { servers: ['haproxy'], lacks: ['static', 'http2-static', 'gateway'], because: 'it serves no files' },
  { servers: ['nghttpd', 'node-http2'], because: 'it serves files and greetings over HTTP/2 alone' },
  { servers: ['ws'], because: 'it is for WebSockets alone' },
  { servers: ['node-http', 'fastify', 'hono', 'express', 'h3'], lacks: http2, because: 'see node-http2' },
  { servers: ['node-http', 'fastify', 'hono', 'express', 'h3'], lacks: sockets, because: 'see ws' },
  { servers: ['hono', 'express', 'h3'], lacks: ['tls'], because: 'see node-http, on which it runs' },
  { servers: ['express', 'h3'], lacks: passing, because: 'it has no proxy of its own' },
  { servers: ['h3'], lacks: ['static'], because: 'how files are read is up to the program' },
  { servers: ['h3'], lacks: ['sessions'], because: 'its sessions are sealed cookies' },
  { servers: ['fastify'], lacks: ['events'], because: 'its events are written to node-http’s reply' },
  { servers: ['node-http', 'hono', 'bun', 'deno'], lacks: ['sessions'], because: 'it has none of its own' },
  {
    servers: ['node-http', 'hono', 'express', 'h3', 'bun', 'deno'],
    lacks: ['schema'],
    because: 'it writes without one',
  },
  {
    servers: ['deno'],
    lacks: ['static', 'http2-static', 'gateway'],
    because: 'its files are a library that npm does not have',
  },
  { servers: ['deno'], lacks: ['packed', 'publish'], because: 'its WebSockets have neither compression nor topics' },
  { servers: ['koa', 'nest'], because: 'it is there to be compared with itself on Spillway' },
]

/** Why a server does not take part in a kind of work. @throws Error when no reason is given for it. */
export function absence(name: string, feature: Feature): string {
  // A server on Spillway, or on another version of Node.js, is the same program.
  const base = name.replace(/-(?:spillway|node\d+)$/, '')
  const found = reasons.find(({ servers, lacks }) => servers.includes(base) && (lacks ?? [feature]).includes(feature))
  if (!found) throw new Error(`nobody knows why ${name} has no ${feature}`)
  return found.because
}

/** Why a server has no result in a workload: it lacks the feature, or something went wrong. */
export function whyEmpty({ name, needs }: Workload, server: string, { failures }: Record): string {
  const failure = failures.find((one) => one.workload === name && one.server === server)
  if (failure) return `left out: ${failure.why.split('\n')[0]?.split(': ')[0]}`
  const isAble = contenders.find((one) => one.name === server)?.features.includes(needs)
  return isAble ? 'not measured' : absence(server, needs)
}
