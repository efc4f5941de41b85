// Servers that are used like those of `node:http` and `node:https`.
import {
  type HttpOptions,
  type HttpServer,
  type HttpsOptions,
  type HttpsServer,
  type ErrorOptions,
  type RequestListener,
  SecureServer,
  Server,
} from './lib/node/server.ts'

export { fromNodeListener } from './lib/connect/from-listener.ts'
export { type NodeListener, toNodeListener } from './lib/connect/listener.ts'
export { IncomingMessage, ServerResponse } from './lib/node/server.ts'
export { type ErrorOptions, SecureServer, Server }

/**
 * Creates a server that is used like that of `http.createServer` and runs on Spillway: anything that takes an `http.Server`, such as an
 * application, a framework or a WebSocket library, takes this one. Messages are read and written by our core, with its strictness.
 *
 * Errors of the application do not end the process: they become a 500, or cut the reply that is on its way, and go to `onError`, which
 * prints them by default. The messages are instances of Node's classes, but no `node:http` server is involved.
 * @throws TypeError and RangeError, with Node's codes, for invalid options, and Error in runtimes other than Node.js.
 */
export function createServer(listener?: RequestListener): HttpServer
export function createServer(options: HttpOptions & ErrorOptions, listener?: RequestListener): HttpServer
export function createServer(...args: any[]): HttpServer {
  return new Server(...(args as []))
}

/** Like {@link createServer}, for `https.createServer`: the TLS options are Node's. @throws as Node does for an invalid certificate or key. */
export function createSecureServer(listener?: RequestListener): HttpsServer
export function createSecureServer(options: HttpsOptions & ErrorOptions, listener?: RequestListener): HttpsServer
export function createSecureServer(...args: any[]): HttpsServer {
  return new SecureServer(...(args as []))
}
