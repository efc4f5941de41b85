// The page of results.
import type { Outcome } from './compare.ts'

const marks = { same: '✓', intended: '≠', failed: '✗' } as const

/** What was seen of one framework. */
export interface Row {
  readonly name: string
  readonly outcomes: readonly Outcome[]
}

/** The page of the site about which frameworks and tools work. */
export function page(rows: readonly Row[], tools: readonly Outcome[]): string {
  const names = [...new Set(rows.flatMap(({ outcomes }) => outcomes.map(({ name }) => name)))]
  const cell = (row: Row, name: string): string => {
    const outcome = row.outcomes.find((one) => one.name === name)
    return outcome ? marks[outcome.kind] : '·'
  }
  const all = [...rows.flatMap(({ outcomes }) => outcomes), ...tools]
  const count = (kind: Outcome['kind']): number => all.filter((outcome) => outcome.kind === kind).length
  const reasons = new Map(all.filter(({ reason }) => reason).map(({ name, reason }) => [name, reason!]))
  return `# Compatibility

<!-- Written by node apps/compat/dist/main.js -->

Applications of other frameworks, each started twice: with \`node\`, and with \`node --import @spillway/node\`. A client does the same things with
both, over sockets, and compares what it sees: statuses, fields, contents, events, the end of the process. Nothing in the applications knows of
Spillway. ${count('same')} scenarios are the same on both, ${count('intended')} differ on purpose, ${count('failed')} fail.

✓ the same · ≠ different on purpose · ✗ fails · · has no such route

| | ${rows.map(({ name }) => name).join(' | ')} |
|-|${rows.map(() => ':-:').join('|')}|
${names.map((name) => `| ${name} | ${rows.map((row) => cell(row, name)).join(' | ')} |`).join('\n')}

Libraries and tools, each by a program that checks itself:

| | |
|-|:-:|
${tools.map(({ name, kind }) => `| ${name} | ${marks[kind]} |`).join('\n')}

## Different on purpose

${[...reasons].map(([name, reason]) => `- ${name}: ${reason}.`).join('\n')}

What else differs where a rule of HTTP forbids what \`node:http\` does, or where it would end the process, is
[written down](packages/middleware/a-server-of-nodes-kind.md).
`
}
