// Pages that are written elsewhere in the repository: the READMEs of the packages and the documents below docs/. They are
// copied into the site, and their links lead to the copy of a page if there is one, and to the repository otherwise.
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { groupPage, groups, pageOf, placeOf, sidebar } from './middleware-pages.mjs'

const repository = 'https://github.com/spillway/spillway/blob/main/'
const root = new URL('../../../', import.meta.url)
const site = new URL('../site/', import.meta.url)
const decisions = readdirSync(new URL('docs/decisions/', root)).filter((name) => /^\d.*\.md$/.test(name))

/** File in the repository → page of the site. */
const pages = new Map([
  ['packages/parser/README.md', 'packages/parser.md'],
  ['packages/core/README.md', 'packages/core.md'],
  ['packages/middleware/README.md', 'packages/middleware.md'],
  ['packages/node/README.md', 'packages/node.md'],
  ...groups.map(({ name }) => [`packages/middleware/docs/${name}.md`, `packages/middleware/${name}.md`]),
  ['docs/error-codes.md', 'packages/error-codes.md'],
  ['docs/security-model.md', 'security.md'],
  ['apps/bench/README.md', 'benchmarks.md'],
  ['docs/decisions/README.md', 'decisions.md'],
  ...decisions.map((name) => [`docs/decisions/${name}`, `decisions/${name}`]),
])

/** The target of a link in `file`, as seen from the page `page`. */
function linkFrom(file, page, link) {
  if (/^(https?:|mailto:)/.test(link)) return link
  const [path, hash] = link.split('#')
  const target = path === '' ? file : posix.join(dirname(file), path)
  const group = /^packages\/middleware\/docs\/([\w-]+)\.md$/.exec(target)?.[1]
  if (group && hash) return fromPage(page, `packages/middleware/${placeOf(group, hash).replace(/(?=#)|$/, '.md')}`)
  if (path === '') return link
  const copied = pages.get(target) ?? pages.get(posix.join(target, 'README.md'))
  const to = copied ? fromPage(page, copied) : repository + target
  return hash ? `${to}#${hash}` : to
}

function fromPage(page, other) {
  return posix.relative(posix.dirname(page), other).replace(/^(?!\.)/, './')
}

/** The text of a file, with its links rewritten for a page. */
function linked(file, page, text) {
  return text.replaceAll(/\]\(([^)\s]+)\)/g, (_, link) => `](${linkFrom(file, page, link)})`)
}

function write(page, text) {
  const to = new URL(page, site)
  mkdirSync(dirname(fileURLToPath(to)), { recursive: true })
  writeFileSync(to, text)
}

/** @param optionsOf gives the documentation of the options of a middleware module. */
export function copyPages(optionsOf) {
  const byGroup = new Map(groups.map((group) => [`packages/middleware/docs/${group.name}.md`, group]))
  for (const [file, page] of pages) {
    const group = byGroup.get(file)
    write(page, group ? groupPage(group) : linked(file, page, readFileSync(new URL(file, root), 'utf8')))
  }
  for (const [file, group] of byGroup)
    for (const part of group.parts) {
      const page = `packages/middleware/${part.slug}.md`
      write(page, pageOf({ ...part, body: linked(file, page, part.body) }, group, optionsOf))
    }
  write('packages/middleware-sidebar.json', JSON.stringify(sidebar()))
}
