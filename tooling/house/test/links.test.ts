import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { pages, root } from './pages.ts'

/** Paths in the repository that a page links to: `blob/main/…` and `/source/…` from the root, others relative to the page. */
function placesIn(page: string): string[] {
  const text = readFileSync(join(root, page), 'utf8')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:href|src)="([^"]+)"/g)].map(([, a, b]) => a ?? b!)
  return targets
    .map((target) => target.replace(/[#?].*$/, ''))
    .flatMap((target) => {
      const rooted = /(?:github\.com\/spillway\/spillway\/(?:blob|tree)\/main|^\/source)\/(.+)$/.exec(target)?.[1]
      if (rooted !== undefined) return [rooted]
      const isSource = /^\.{0,2}[\w./-]*\.(?:ts|mts|mjs|js|json|md)$/.test(target) && !/^(?:\/|[a-z]+:)/.test(target)
      // Pages of the documentation site link to each other by the paths of the site.
      return isSource && !page.startsWith('apps/docs/site/') ? [join(dirname(page), target)] : []
    })
}

/** Scripts that a page loads and that are built from sources of another name. */
const built: ReadonlySet<string> = new Set([
  'apps/gateway/public/app.js',
  'packages/inspect/public/bytes.js',
  'packages/inspect/public/live.js',
])

const links = pages
  .flatMap((page) => placesIn(page).map((place) => ({ page, place })))
  .filter(({ place }) => !built.has(place))

it('every link to a source leads to a file', () => {
  expect(links.length).toBeGreaterThan(100)
  expect(links.filter(({ place }) => !existsSync(join(root, place)))).toEqual([])
})

it('every source that is named by its path from the root is there', () => {
  const named = pages.flatMap((page) =>
    [...readFileSync(join(root, page), 'utf8').matchAll(/\b(?:packages|apps|tooling)\/[\w./-]+\.(?:ts|mts|mjs)\b/g)]
      .map(([place]) => ({ page, place }))
      .filter(({ place }) => !place.includes('/dist/')),
  )
  expect(named.filter(({ place }) => !existsSync(join(root, place)))).toEqual([])
})
