// Pages that are written elsewhere in the repository: the READMEs of the packages and the documents below docs/. They are
// copied into the site, and their links lead to the copy of a page where there is one, and to the repository otherwise.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { fileURLToPath } from 'node:url'

const repository = 'https://github.com/spillway/spillway/blob/main/'
const root = new URL('../../../', import.meta.url)
const site = new URL('../site/', import.meta.url)
const decisions = readdirSync(new URL('docs/decisions/', root)).filter((name) => /^\d.*\.md$/.test(name))

const middleware = readdirSync(new URL('packages/middleware/docs/', root))

/** File in the repository → page of the site. */
const pages = new Map([
  ['packages/parser/README.md', 'packages/parser.md'],
  ['packages/core/README.md', 'packages/core.md'],
  ['packages/middleware/README.md', 'packages/middleware.md'],
  ['packages/node/README.md', 'packages/node.md'],
  ...middleware.map((name) => [`packages/middleware/docs/${name}`, `packages/middleware/${name}`]),
  ['docs/error-codes.md', 'packages/error-codes.md'],
  ['docs/security-model.md', 'security.md'],
  ['apps/bench/README.md', 'benchmarks.md'],
  ['docs/decisions/README.md', 'decisions.md'],
  ...decisions.map((name) => [`docs/decisions/${name}`, `decisions/${name}`]),
])

/** Where a link in `file` leads to from the page `page`. */
function linkFrom(file, page, link) {
  if (/^(https?:|#|mailto:)/.test(link)) return link
  const [path, hash] = link.split('#')
  const target = posix.join(dirname(file), path)
  const copied = pages.get(target) ?? pages.get(posix.join(target, 'README.md'))
  const to = copied ? posix.relative(posix.dirname(page), copied).replace(/^(?!\.)/, './') : repository + target
  return hash ? `${to}#${hash}` : to
}

export function copyPages() {
  for (const [file, page] of pages) {
    const text = readFileSync(new URL(file, root), 'utf8').replaceAll(
      /\]\(([^)\s]+)\)/g,
      (_, link) => `](${linkFrom(file, page, link)})`,
    )
    const to = new URL(page, site)
    mkdirSync(dirname(fileURLToPath(to)), { recursive: true })
    writeFileSync(to, text)
  }
}
