import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Handler, type Server, serve } from '@spillway/core'
import { onTestFinished, vi } from 'vitest'
import { Gateway } from '../src/gateway.ts'

/** A folder for one test, with these files. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-gateway-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), { recursive: true })
    writeFileSync(join(folder, name), content)
  }
  return folder
}

/** A server behind the gateway. */
export async function backend(handler: Handler): Promise<Server> {
  const server = await serve(handler, { host: '127.0.0.1', port: 0 })
  onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
  return server
}

export interface Started {
  readonly gateway: Gateway
  readonly url: string
  readonly admin: string
  /** Writes another configuration, which is loaded by the next reload. */
  readonly write: (config: object) => void
}

function complete(config: object): string {
  return JSON.stringify({ listen: [{ port: 0 }], admin: { port: 0 }, log: 'none', ...config })
}

/**
 * Starts a gateway with this configuration, without its demo; it listens on free ports.
 * @param programs names of the files that may be run.
 */
export async function start(
  config: object,
  files: Readonly<Record<string, string>> = {},
  programs: readonly string[] = [],
): Promise<Started> {
  const folder = folderOf(files)
  for (const name of programs) chmodSync(join(folder, name), 0o755)
  const file = join(folder, 'gateway.json')
  writeFileSync(file, complete(config))
  const page = fileURLToPath(new URL('../public', import.meta.url))
  const gateway = await Gateway.start({ file, page, program: '' })
  onTestFinished(() => gateway.close({ deadline: 0 }).then(() => {}))
  return { gateway, url: gateway.url, admin: gateway.adminUrl!, write: (next) => writeFileSync(file, complete(next)) }
}

/** Waits for a condition. */
export function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  return vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`Still waiting: ${condition.toString()}`)
    },
    { timeout: 20_000, interval: 20 },
  )
}

/** A promise, and how to resolve it. */
export function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  const controller = new AbortController()
  const promise = new Promise<void>((done) => controller.signal.addEventListener('abort', () => done()))
  return { promise, resolve: () => controller.abort() }
}
