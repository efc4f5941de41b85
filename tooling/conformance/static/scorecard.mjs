// Prints the results of all checks for several file servers, side by side; build first. Usage:
//   node tooling/conformance/static/scorecard.mjs [folder]
// `folder` is one where peers were installed: npm install serve http-server sirv-cli srvx
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { checks } from './checks.mjs'
import { score } from './score.mjs'
import { servers, start } from './servers.mjs'
import { makeSite } from './site.mjs'

const columns = []
for (const server of servers(process.argv[2])) {
  const root = makeSite()
  const instances = {}
  for (const at of ['site', 'listing', 'application'])
    instances[at] = await start(server, root, at).catch((error) => {
      console.error(error.message)
    })
  columns.push({ name: server.name, results: await score(root, instances) })
  await Promise.all(Object.values(instances).map((instance) => instance?.stop()))
  rmSync(dirname(root), { recursive: true })
}

const width = Math.max(...checks.map(({ name }) => name.length)) + 2
const cell = (text, { name }) => text.padStart(Math.max(name.length, 6) + 2)
const line = (first, texts) =>
  console.log(first.padEnd(width) + columns.map((column, i) => cell(texts[i], column)).join(''))
line(
  '',
  columns.map(({ name }) => name),
)
let group = ''
checks.forEach((check, i) => {
  if (check.group !== group) {
    group = check.group
    const of = (results) => results.filter((result) => result.group === group)
    line(
      `\n${group}`,
      columns.map(({ results }) => `${of(results).filter(({ passed }) => passed).length}/${of(results).length}`),
    )
  }
  line(
    `  ${check.name}`,
    columns.map(({ results }) => (results[i].passed ? '✓' : '·')),
  )
})
line(
  '\nall',
  columns.map(({ results }) => `${results.filter(({ passed }) => passed).length}/${results.length}`),
)
for (const { passed, name, error } of columns[0].results)
  if (!passed) {
    process.exitCode = 1
    console.error(`spillway: ${name}${error ? `: ${error.message}` : ''}`)
  }
