// The pages of the middleware: one for each part. The text and the example are a section of a document in packages/middleware/docs, which
// has one document per group; the example becomes a program, and the options come from their docstrings.
import { readFileSync, readdirSync } from 'node:fs'

const docs = new URL('../../../packages/middleware/docs/', import.meta.url)

/** The anchor that GitHub gives a heading. */
export function slugOf(title) {
  return title
    .toLowerCase()
    .replaceAll(/[^\w\- ]/g, '')
    .replaceAll(' ', '-')
}

/** The groups, in the order in which the README has them. */
export const groups = readdirSync(docs).map((name) => {
  const [head, ...rest] = readFileSync(new URL(name, docs), 'utf8').split(/^## /m)
  const parts = rest.map((text) => {
    const [title] = text.split('\n', 1)
    const body = text.slice(title.length).trim()
    return { title, slug: slugOf(title), body, entries: entriesIn(body) }
  })
  return { name: name.replace(/\.md$/, ''), title: /^# (.+)$/m.exec(head)[1], parts }
})

/** Modules of the package that a text imports; the router is in nearly all, and counts only if it is the only one. */
function entriesIn(text) {
  const all = new Set([...text.matchAll(/'@spillway\/middleware\/([\w-]+)'/g)].map(([, name]) => name))
  const others = [...all].filter((name) => name !== 'router')
  return others.length > 0 ? others : [...all]
}

/** The example as a complete program, with a listening server. Undefined if it is not an application. */
export function programOf(block) {
  if (block.includes('export async function main(')) return `${block.replace('export ', '')}\nawait main(3000)\n`
  if (block.includes('export const server: Server = ')) return `${block.replace('export ', '')}\nserver.listen(3000)\n`
  if (!block.includes('export const app: Router = ')) return undefined
  const asked = block.replace('export const app: Router = ', 'const app: Router = ')
  // An application that refers to itself needs a type annotation; for others it would only add length.
  const code = /\bapp[(.]/.test(asked)
    ? asked
    : asked.replace('const app: Router', 'const app').replace('import { type Router, router }', 'import { router }')
  const imported = /^import \{(.*)\} from '@spillway\/core'\n/m.exec(code)
  const names = ['serve', ...(imported?.[1].split(',').map((name) => name.trim()) ?? [])]
  const from = `import { ${names.join(', ')} } from '@spillway/core'\n`
  const whole = imported ? code.replace(imported[0], from) : from + code
  return `${whole}\nconst server = await serve(app, { port: 3000 })\nconsole.log(server.url)\n`
}

/** @returns the first block of a part that is an application, as it stands there. */
export function exampleOf({ body }) {
  return [...body.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, code]) => code).find((code) => programOf(code))
}

/** The file name of a part's program. */
export const fileOf = ({ entries }) => `${entries[0]}.ts`

/** @param optionsOf gives the documentation of a module's options, as Markdown. */
export function pageOf(part, group, optionsOf) {
  const example = exampleOf(part)
  const file = fileOf(part)
  const run = `\n\nSaved as \`${file}\`, it runs: \`node ${file}\` from Node.js 22.18 on, \`npx tsx ${file}\` before.`
  const body = example
    ? part.body.replace(`\`\`\`ts\n${example}\`\`\``, () => `\`\`\`ts\n${programOf(example)}\`\`\`${run}`)
    : part.body
  const options = part.entries.map(optionsOf).filter(Boolean).join('\n')
  const links = part.entries.map((entry) => `[\`${entry}\`](../../reference/middleware/${entry}.md)`)
  const also = group.parts.filter(({ slug }) => slug !== part.slug).map(({ title, slug }) => `[${title}](./${slug}.md)`)
  return [
    `# ${part.title}\n\n${body}\n`,
    options && `## Options\n\n${options}`,
    `## See also\n\nEvery name, in the reference: ${links.join(', ')}.${also.length > 0 ? ` ${group.title}: ${also.join(' · ')}.` : ''}\n`,
  ]
    .filter(Boolean)
    .join('\n')
}

/** The page of a group, which lists its parts. */
export function groupPage({ title, parts }) {
  return `# ${title}\n\n${parts.map((part) => `- [${part.title}](./${part.slug}.md)`).join('\n')}\n`
}

/** Maps an anchor in the document of a group to its page and anchor: the heading of a part, or one within a part. */
export function placeOf(groupName, place) {
  const group = groups.find(({ name }) => name === groupName)
  const part = group.parts.find(({ slug }) => slug === place)
  if (part) return part.slug
  const holder = group.parts.find(({ body }) =>
    [...body.matchAll(/^### (.+)$/gm)].some(([, title]) => slugOf(title) === place),
  )
  if (!holder) throw new Error(`packages/middleware/docs/${groupName}.md has no ${place}`)
  return `${holder.slug}#${place}`
}

/** The entries of the sidebar. */
export function sidebar() {
  return groups.map(({ name, title, parts }) => ({
    text: title,
    link: `/packages/middleware/${name}`,
    collapsed: true,
    items: parts.map((part) => ({ text: part.title, link: `/packages/middleware/${part.slug}` })),
  }))
}
