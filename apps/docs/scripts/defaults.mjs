// Generates the page of limits and deadlines from their declarations: the docstring says what each one limits, the code has its
// value, and the comment next to it the reason.
import { readFileSync, writeFileSync } from 'node:fs'
import ts from 'typescript'

const root = new URL('../../../', import.meta.url)
const parts = [
  { title: 'Deadlines', file: 'packages/core/src/server/options.ts', type: 'Timeouts', values: 'defaultTimeouts' },
  { title: 'Limits of a server', file: 'packages/core/src/server/options.ts', type: 'Limits', values: 'defaultLimits' },
  { title: 'Limits of a head', file: 'packages/parser/src/limits.ts', type: 'HeadLimits', values: 'defaultHeadLimits' },
  {
    title: 'Limits of content',
    file: 'packages/parser/src/limits.ts',
    type: 'BodyLimits',
    values: 'defaultBodyLimits',
  },
]

/** Each member with its docstring. @throws Error when the declaration no longer exists. */
function rowsOf({ file, type, values }) {
  const text = readFileSync(new URL(file, root), 'utf8')
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const declared = source.statements.find((one) => ts.isInterfaceDeclaration(one) && one.name.text === type)
  const object = source.statements
    .filter(ts.isVariableStatement)
    .flatMap(({ declarationList }) => [...declarationList.declarations])
    .find(({ name }) => name.getText() === values)?.initializer
  if (!declared || !object) throw new Error(`${file} has no ${type} and ${values}`)
  return declared.members.map((member) => {
    const name = member.name.getText()
    const property = object.properties.find((one) => one.name?.getText() === name)
    if (!property) throw new Error(`${values} has no ${name}`)
    const said = ts.getTextOfJSDocComment(ts.getJSDocCommentsAndTags(member)[0]?.comment) ?? ''
    const [what, inside = ''] = said.replaceAll(/\s+/g, ' ').split(/ Default:? (?:\d+: |\d+\.$|none[,.] ?)/)
    const beside = (ts.getLeadingCommentRanges(text, property.getFullStart()) ?? [])
      .map(({ pos, end }) => text.slice(pos, end).replace(/^\/\/ ?/, ''))
      .join(' ')
    return { name, what, why: sentence(beside || inside), value: shown(name, type, property.initializer.getText()) }
  })
}

function sentence(text) {
  return text === '' ? '' : text[0].toUpperCase() + text.slice(1)
}

/** A product of numbers in readable form. */
function shown(name, type, text) {
  const number = text.split('*').reduce((product, factor) => product * Number(factor.trim().replaceAll('_', '')), 1)
  if (Number.isNaN(number)) throw new Error(`${name} is ${text}, which is not a number`)
  if (type === 'Timeouts') return number === 0 ? 'none' : `${number / 1000} s`
  if (number === 0) return 'any number'
  if (!name.endsWith('Bytes') || number < 1024) return String(number)
  return number % 1024 ** 2 === 0 ? `${number / 1024 ** 2} MiB` : `${number / 1024} KiB`
}

export function writeDefaults() {
  let page = `# Limits and deadlines

Everything that could be endless has a limit, and every phase its own clock. These are the defaults, with the reason for each number,
as they are in the code. \`serve(app, { limits: { bodyBytes: 8 * 1024 * 1024 }, timeouts: { head: 10_000 } })\` sets others; bytes, counts and milliseconds.
`
  for (const part of parts) {
    page += `\n## ${part.title}\n\n| name | default | what it bounds | why this much |\n| --- | ---: | --- | --- |\n`
    for (const { name, value, what, why } of rowsOf(part))
      page += `| \`${name}\` | ${value} | ${what.replaceAll('|', '\\|')} | ${why.replaceAll('|', '\\|')} |\n`
  }
  writeFileSync(new URL('../site/limits.md', import.meta.url), page)
}
