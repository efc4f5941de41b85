// The files of the page.
import { readFileSync, readdirSync } from 'node:fs'
import { extname } from 'node:path'
import { policyOf } from './policy.ts'

/** A file of the page, and the fields with which it is sent. */
export interface Asset {
  readonly bytes: Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
}

/** Reads the files of the page once; there are only a few. */
export function readAssets(root: URL): ReadonlyMap<string, Asset> {
  const policy = policyOf(root)
  const assets = new Map<string, Asset>()
  for (const name of readdirSync(root)) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const headers = {
      'Content-Type': type,
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': policy,
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
    }
    assets.set(name, { bytes: readFileSync(new URL(name, root)), headers })
  }
  return assets
}
