// Measures start-up: CPU time until a server listens, for several programs started in turn, after a build.
//   node tooling/start-up.mjs [starts]        default: 20
// Each program reports its own CPU time. On a busy machine, the minimum of many starts is more reliable than the median.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { countsOf } from './command-line/index.js'

const said = `const { user, system } = process.cpuUsage(); console.log((user + system) / 1000); process.exit()`
const at = `{ port: 0, host: '127.0.0.1' }`
const programs = {
  'node:http': `import { createServer } from 'node:http'
createServer((_, response) => response.end('hello')).listen(${at}, () => { ${said} })`,
  serve: `import { serve } from '@spillway/core'
await serve((c) => c.text('hello'), ${at}); ${said}`,
  'serve and a router': `import { serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'
await serve(router().get('/', (c) => c.text('hello')), ${at}); ${said}`,
}

const { starts } = countsOf('start-up', { starts: 20 })
const folder = mkdtempSync(join(tmpdir(), 'spillway-start-up-'))
try {
  symlinkSync(fileURLToPath(new URL('../apps/bench/node_modules', import.meta.url)), join(folder, 'node_modules'))
  const times = new Map(Object.keys(programs).map((name) => [name, []]))
  for (const [name, text] of Object.entries(programs)) writeFileSync(fileOf(name), text)
  for (let i = 0; i < starts; i++)
    for (const [name, list] of times) list.push(Number(execFileSync(process.execPath, [fileOf(name)])))
  const least = (name) => Math.min(...times.get(name))
  console.log('| program | least, ms | above node:http | median, ms |\n| --- | ---: | ---: | ---: |')
  for (const [name, list] of times) {
    const median = list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]
    const more = least(name) - least('node:http')
    console.log(`| ${name} | ${least(name).toFixed(1)} | ${more.toFixed(1)} | ${median.toFixed(1)} |`)
  }
} finally {
  rmSync(folder, { recursive: true })
}

function fileOf(name) {
  return join(folder, `${name.replaceAll(/\W+/g, '-')}.mjs`)
}
