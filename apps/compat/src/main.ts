// `node apps/compat/dist/main.js` runs every scenario with every framework on both servers, and writes the table of results;
// with `model 10000` it does that many random things to requests and responses, on both.
import { writeFileSync } from 'node:fs'
import { UsageError, chosenFrom, readNumber, readOptions, runProgram } from '@spillway/command-line'
import { compare, compareTool, frameworks, slowFrameworks, slowTools, tools } from './compare.ts'
import { model } from './model.ts'
import { page } from './page.ts'

const installed = import.meta.resolve('@spillway/node')
await runProgram('compat', async (args) => {
  const [what, count, seed, more] = readOptions(args, {}).positionals
  if (what !== undefined) chosenFrom('command', what, ['model'])
  if (more !== undefined || (what !== undefined && count === undefined))
    throw new UsageError('model needs a number of plays, and takes a seed: model 10000')
  const isGood = count === undefined ? await writePage() : await playModel(wholeOf('plays', count), seed)
  process.exit(isGood ? 0 : 1)
})

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

function wholeOf(name: string, text: string): number {
  return readNumber(name, text, { from: 1 })
}

async function playModel(count: number, seed: string | undefined): Promise<boolean> {
  const {
    different,
    survived,
    seed: used,
  } = await model(count, installed, seed === undefined ? undefined : readNumber('seed', seed))
  for (const { play, seen } of different) console.error('%s: %o', JSON.stringify(play), seen)
  console.log(
    `${count} plays, seed ${used}: ${different.length} differ; the process ${survived ? 'lives' : 'has ended'}`,
  )
  return survived && different.length === 0
}
