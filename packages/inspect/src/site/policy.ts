// The Content-Security-Policy of the page.
import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'

const [opening, closing] = ['<style>', '</style>']

/** The content of a page's `<style>` element; empty when it has none. */
export function styleOf(page: string): string {
  const start = page.indexOf(opening)
  const end = page.indexOf(closing, start)
  return start < 0 || end < 0 ? '' : page.slice(start, end + closing.length)
}

// decision 037
/**
 * The Content-Security-Policy of the site: its own scripts, the styles of its pages by their hashes,
 * and no framing.
 * @param root folder of the site.
 */
export function policyOf(root: URL): string {
  const pages = readdirSync(root).filter((name) => name.endsWith('.html'))
  const styles = pages.map((name) => styleOf(readFileSync(new URL(name, root), 'utf8')))
  // Browsers hash the text between the tags.
  const texts = styles.filter((style) => style !== '').map((style) => style.slice(opening.length, -closing.length))
  const hashes = new Set(texts.map(hashOf))
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
