import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'

/** The styles in the head of a page, as they are to be hashed. */
const styleElement = /<style>([^]*?)<\/style>/

/** What is in a page from `<style>` to `</style>`; empty when it has none. */
export function styleOf(page: string): string {
  return styleElement.exec(page)?.[0] ?? ''
}

/**
 * The Content-Security-Policy of the site: scripts of its own and the styles that its pages were made with, by their hashes,
 * and in nobody's frame.
 * @param root folder of the site.
 */
export function policyOf(root: URL): string {
  const pages = readdirSync(root).filter((name) => name.endsWith('.html'))
  const styles = pages.map((name) => styleElement.exec(readFileSync(new URL(name, root), 'utf8'))?.[1])
  const hashes = new Set(styles.filter((style) => style !== undefined).map(hashOf))
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src ${[...hashes].join(' ') || "'none'"}`,
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** CSP3 §2.3.1 */
function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`
}
