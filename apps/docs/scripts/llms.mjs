// The site for language models: `llms.txt` lists the pages, each with a sentence, and `llms-full.txt` has their contents.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const site = fileURLToPath(new URL('../site/', import.meta.url))
/** Parts of the site, in the order in which they are listed. The reference has a page for each symbol: only its index is. */
const parts = [
  ['Guides', /^guide\//],
  ['Recipes', /^recipes\//],
  ['Packages', /^packages\//],
  ['Evidence', /^(?!index)[\w-]+\.md$/],
]

/** A page, with included code inserted in place of its reference. */
function whole(file) {
  return readFileSync(file, 'utf8').replaceAll(/^<<< ([^\s{]+)(?:\{\w+\})?(?: \[\w+\])?$/gm, (_, path) => {
    const from = resolve(dirname(file), path)
    const text = existsSync(from) ? readFileSync(from, 'utf8').trimEnd() : ''
    return `\`\`\`${path.split('.').at(-1)}\n${text}\n\`\`\``
  })
}

/** The first sentence that is text, and not a heading, a table or code. */
function sentenceOf(text) {
  const first = text
    .replaceAll(/^```[^]*?^```$/gm, '')
    .split(/\n{2,}/)
    .find((block) => /^[\p{L}`[]/u.test(block))
  return (
    (first ?? '')
      .replaceAll('\n', ' ')
      .replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1')
      .match(/^.*?\.(?=\s|$)/)?.[0] ?? ''
  )
}

/** Writes both into the folder of the built site. */
export function writeForPrograms(dist) {
  const pages = readdirSync(site, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.md'))
    .toSorted()
  let list = '# Spillway\n\n> A web server in TypeScript, from the TCP socket up: parser, core and middleware.\n'
  let all = list
  for (const [title, pattern] of parts) {
    list += `\n## ${title}\n\n`
    for (const page of pages.filter((name) => pattern.test(name))) {
      const text = whole(`${site}${page}`)
      const name = /^# (.+)$/m.exec(text)?.[1] ?? page
      const path = page.replace(/(?:\/index)?\.md$/, '')
      list += `- [${name}](/${path}): ${sentenceOf(text)}\n`
      all += `\n\n<!-- /${path} -->\n\n${text}`
    }
  }
  writeFileSync(new URL('llms.txt', dist), list)
  writeFileSync(new URL('llms-full.txt', dist), all)
}
