// Runs in the thread in which Node.js before 22.15 resolves what is imported, and tells the process of each module.
import type { InitializeHook, ResolveHook } from 'node:module'
import type { MessagePort } from 'node:worker_threads'
import type { Resolved } from './dev/loaded.ts'

let told: MessagePort

export const initialize: InitializeHook<MessagePort> = (port) => {
  told = port
}

export const resolve: ResolveHook = async (specifier, context, next) => {
  const found = await next(specifier, context)
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of threads, and no window
  told.postMessage({ url: found.url, parent: context.parentURL } satisfies Resolved)
  return found
}
