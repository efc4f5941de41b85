// Finds the application that a module exports.
import { pathToFileURL } from 'node:url'
import type { Handler } from '@spillway/core'

/** A module that exports no application. */
export class NoApplication extends Error {
  override readonly name: string = 'NoApplication'
}

/**
 * The application that a module exports: its default export, or `app`. Code that listens belongs in another module, which imports this
 * one.
 * @throws NoApplication, and whatever the module throws.
 */
export async function applicationIn(file: string): Promise<Handler> {
  const found = (await import(pathToFileURL(file).href)) as { readonly default?: unknown; readonly app?: unknown }
  const application = found.default ?? found.app
  if (typeof application === 'function') return application as Handler
  const names = Object.keys(found).join(', ') || 'nothing'
  throw new NoApplication(
    `${file} exports ${names}, and no application: \`export default app\`, a router or another handler`,
  )
}
