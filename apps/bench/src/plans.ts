// What each table in the documents shows.

/** One table: a row per workload, a column per server. */
export interface Plan {
  readonly title: string
  /** What the costs are per. */
  readonly unit: 'request' | 'message'
  readonly servers: readonly string[]
  readonly workloads: readonly string[]
}

const files = ['static-4k', 'static-100k', 'static-1m', 'static-site']
const programs = ['node-http', 'express', 'fastify', 'koa', 'nest']
const versions = ['', '-node24', '-node26']

/** By the names with which documents mark them. */
export const plans: Readonly<{ [name: string]: Plan }> = {
  http1: {
    title: 'HTTP/1.1',
    unit: 'request',
    servers: ['spillway', 'raw-net', 'node-http', 'fastify', 'hono', 'express', 'h3', 'bun', 'deno', 'nginx'],
    workloads: [
      'plaintext',
      'browser',
      'pipelined',
      'baseline',
      'json',
      'json-schema',
      'short-lived',
      ...files,
      'upload-1m',
      'sessions',
      'events',
      'tls',
    ],
  },
  edge: {
    title: 'In front of others',
    unit: 'request',
    servers: ['spillway', 'gateway', 'nginx', 'haproxy', 'caddy', 'h2o', 'node-http', 'fastify', 'hono', 'bun', 'deno'],
    workloads: ['proxied', 'gateway'],
  },
  http2: {
    title: 'HTTP/2',
    unit: 'request',
    servers: ['spillway', 'node-http2', 'bun', 'deno', 'nginx', 'haproxy', 'caddy', 'h2o', 'nghttpd'],
    workloads: ['h2', 'h2-32', 'h2-browser', 'h2-site'],
  },
  websocket: {
    title: 'WebSocket',
    unit: 'message',
    servers: ['spillway', 'ws', 'bun', 'deno'],
    workloads: ['websocket', 'websocket-16', 'websocket-16k', 'websocket-packed', 'publish'],
  },
  node: {
    title: 'Node.js 20, 24 and 26',
    unit: 'request',
    servers: ['spillway', 'node-http'].flatMap((name) => versions.map((version) => name + version)),
    workloads: ['browser', 'json', 'static-100k', 'tls'],
  },
  programs: {
    title: 'The same program on node:http and on Spillway',
    unit: 'request',
    servers: programs.flatMap((name) => [name, `${name}-spillway`]),
    workloads: ['browser', 'json'],
  },
}
