import http from 'node:http'
import https from 'node:https'
import { syncBuiltinESMExports } from 'node:module'
import { SecureServer, Server } from '@spillway/middleware/node'
import type { NodeErrorCodes } from './error-codes.ts'
import { refusals } from './refusals.ts'

type Constructor = new (...args: readonly unknown[]) => object

let isInstalled = false

// decision 063
/**
 * Replaces the servers of `node:http` and `node:https` with Spillway's, for `import` and `require` alike. Clients, agents and
 * messages are not changed. A server with unsupported options is refused with the reasons, or left to Node if `SPILLWAY_FALLBACK=1`
 * asks for that.
 * @throws Error in runtimes other than Node, and for programs that were started with a lenient parser.
 */
export function install(): void {
  if (isInstalled) return
  if ('Bun' in globalThis || 'Deno' in globalThis)
    throw new Error(
      '@spillway/node works only in Node.js, because it relies on classes of its own: use `serve` of @spillway/core, or `toFetch` of @spillway/core/web',
    )
  if ([...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].some((text) => text.includes('--insecure-http-parser')))
    throw new Error(
      '--insecure-http-parser is for requests that Spillway refuses: leave out either it or @spillway/node',
    )
  isInstalled = true
  replace(http, Server as unknown as Constructor)
  replace(https, SecureServer as unknown as Constructor)
  syncBuiltinESMExports()
}

function replace(module: { Server: unknown; createServer: unknown }, Ours: Constructor): void {
  const Theirs = module.Server as Constructor
  const make = (args: readonly unknown[], target: Function = Ours): object => {
    const reasons = refusals(optionsOf(args))
    if (reasons.length === 0) return Reflect.construct(Ours, args, target)
    if (!process.env['SPILLWAY_FALLBACK'])
      throw Object.assign(
        new Error(`Spillway cannot be this server: ${reasons.join('; ')}. SPILLWAY_FALLBACK=1 leaves it to node:http`),
        { code: 'ERR_SPILLWAY_REFUSED' satisfies keyof NodeErrorCodes },
      )
    console.error(`node:http is this server, not Spillway: ${reasons.join('; ')}`)
    return Reflect.construct(Theirs, args)
  }
  const Replaced: Constructor = new Proxy(Ours, {
    construct: (_, args: unknown[], target): object => make(args, target === Replaced ? Ours : target),
    // As older classes do that inherit from it: `http.Server.call(this, …)`; or called as a function.
    apply: (_, self: unknown, args: unknown[]) =>
      self instanceof Ours ? Reflect.apply(Ours as never, self, args) : make(args),
  })
  module.Server = Replaced
  module.createServer = function createServer(...args: unknown[]) {
    return make(args)
  }
}

function optionsOf([first]: readonly unknown[]): Record<string, unknown> {
  return typeof first === 'object' && first !== null ? (first as Record<string, unknown>) : {}
}
