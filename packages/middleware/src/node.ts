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
 * Makes a server that is used like that of `http.createServer` and runs on Spillway: an application, a framework, a WebSocket library
 * that takes an `http.Server` takes this one. Fields, contents and bytes are read and written by our core, with its strictness.
 *
 * What the application fails with ends no process: it is a 500, or cuts the reply that is on its way, and goes to `onError`, which
 * prints it by default. The messages are of Node's classes; a server of `node:http` is nowhere behind it.
 * @throws TypeError and RangeError, with the codes of Node, for options that are none, and Error in another runtime than Node.js.
 */
export function createServer(listener?: RequestListener): HttpServer
export function createServer(options: HttpOptions & ErrorOptions, listener?: RequestListener): HttpServer
export function createServer(...args: any[]): HttpServer {
  return new Server(...(args as []))
}

/** As {@link createServer}, for `https.createServer`: the options of TLS are those of Node. @throws as Node's for a certificate or key that is none. */
export function createSecureServer(listener?: RequestListener): HttpsServer
export function createSecureServer(options: HttpsOptions & ErrorOptions, listener?: RequestListener): HttpsServer
export function createSecureServer(...args: any[]): HttpsServer {
  return new SecureServer(...(args as []))
}
