// Measures everything that the documents report, and writes their tables:
//   node apps/bench/dist/tables.js [all, or tables] [rounds] [seconds]        such as: http2,websocket 5 3
// Each table is a separate run of the bench, and is written as soon as it is complete: a failure affects one table only.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askedOf, readNumber } from '@spillway/command-line'
import { chosenNames, options } from './arguments.ts'
import { documents, markdown, replaceTable } from './markdown.ts'
import { type Record, page } from './page.ts'
import { type Plan, plans } from './plans.ts'

const usage = `[tables] [rounds] [seconds]: measures, and writes into the documents, all or some tables

${Object.keys(plans).join(', ')}`
const asked = askedOf('tables', { usage, most: 3 }, ([tables = 'all', rounds = '3', seconds = '1']) => ({
  names: tables === 'all' ? Object.keys(plans) : chosenNames('table', tables, Object.keys(plans)),
  rounds: readNumber('rounds', rounds, options.rounds),
  seconds: readNumber('seconds', seconds, options.seconds),
}))
const main = fileURLToPath(new URL('main.js', import.meta.url))
const root = fileURLToPath(new URL('../../../', import.meta.url))
/** Where the numbers are kept, for anyone who wants to look at them. */
const folder = fileURLToPath(new URL('../tmp/', import.meta.url))
mkdirSync(folder, { recursive: true })

const records: Record[] = []
for (const name of asked.names) {
  const plan = plans[name]!
  const record = await measured(name, plan)
  if (!record) continue
  records.push({ ...record, title: plan.title })
  for (const { file, costs } of documents) {
    const path = join(root, file)
    writeFileSync(path, replaceTable(readFileSync(path, 'utf8'), name, markdown(plan, record, costs)))
  }
  writeFileSync(join(folder, 'bench.html'), page(records))
}
console.log(`\nThe numbers of all rounds, and a page with charts: ${folder}`)

async function measured(name: string, { servers, workloads }: Plan): Promise<Record | undefined> {
  const json = join(folder, `${name}.json`)
  rmSync(json, { force: true })
  const what = ['--servers', servers.join(','), '--workloads', workloads.join(',')]
  const how = ['--rounds', `${asked.rounds}`, '--seconds', `${asked.seconds}`, '--json', json]
  console.log(`\n# ${name}`)
  const bench = spawn(process.execPath, [main, ...what, ...how], { stdio: 'inherit' })
  const [status] = (await once(bench, 'close')) as [number | null]
  // Status 1 means that something was left out, which the table shows, too.
  if (status !== 0) process.exitCode = 1
  if (existsSync(json)) return JSON.parse(readFileSync(json, 'utf8')) as Record
  console.error(`${name}: the bench ended with ${status ?? bench.signalCode}`)
  return undefined
}
