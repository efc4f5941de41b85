// `node apps/compat/dist/main.js` plays every scenario with every framework on both grounds, and writes the table of it;
// with `model 10000` it does so many random things to requests and responses, on both.
import { writeFileSync } from 'node:fs'
import { compare, compareTool, frameworks, slowFrameworks, slowTools, tools } from './compare.ts'
import { model } from './model.ts'
import { page } from './page.ts'

const installed = import.meta.resolve('@spillway/node')
const [what, count, seed] = process.argv.slice(2)
process.exit((await (what === 'model' ? playModel() : writePage())) ? 0 : 1)

async function writePage(): Promise<boolean> {
  const rows = []
  for (const framework of [...frameworks, ...slowFrameworks]) {
    console.log(framework.name)
    rows.push({ name: framework.name, outcomes: await compare(framework, installed) })
  }
  const seen = []
  for (const tool of [...tools, ...slowTools]) {
    console.log(tool)
    seen.push(await compareTool(tool, installed))
  }
  writeFileSync(new URL('../../docs/site/compatibility.md', import.meta.url), page(rows, seen))
  const failed = [...rows.flatMap(({ outcomes }) => outcomes), ...seen].filter(({ kind }) => kind === 'failed')
  for (const { name, seen: both } of failed) console.error('%s: %o', name, both)
  return failed.length === 0
}

async function playModel(): Promise<boolean> {
  const {
    different,
    survived,
    seed: used,
  } = await model(Number(count), installed, seed === undefined ? undefined : Number(seed))
  for (const { play, seen } of different) console.error('%s: %o', JSON.stringify(play), seen)
  console.log(
    `${count} plays, seed ${used}: ${different.length} differ; the process ${survived ? 'lives' : 'has ended'}`,
  )
  return survived && different.length === 0
}
