// Prints a table that compares the gateway's features with those of the front servers that are installed; build first. Usage:
//   node tooling/conformance/front/features.mjs
import { fileURLToPath } from 'node:url'
import { checks } from './checks.mjs'
import { score } from './client.mjs'
import { servers, start } from './servers.mjs'
import { startSite } from './site.mjs'

const program = fileURLToPath(new URL('../../../apps/gateway/dist/main.js', import.meta.url))
const columns = []
for (const server of servers(program)) {
  const site = await startSite()
  const at = await start(server, site)
  columns.push({ name: server.name, results: await score(checks, at) })
  await at.stop()
  await site.stop()
}

const row = (cells) => console.log(`| ${cells.join(' | ')} |`)
row(['', ...columns.map(({ name }) => name)])
row(['---', ...columns.map(() => '---:')])
for (const [i, { group, name }] of checks.entries())
  row([`${group}: ${name}`, ...columns.map(({ results }) => (results[i].passed ? '✓' : '·'))])
row(['all', ...columns.map(({ results }) => `${results.filter(({ passed }) => passed).length}/${results.length}`)])
for (const { name, results } of columns)
  for (const result of results) if (!result.passed) console.error(`${name}: ${result.name}: ${result.error}`)
process.exit(columns[0].results.every(({ passed }) => passed) ? 0 : 1)
