// Runs a suite on the built packages in all runtimes and prints one table:
//   node tooling/runtimes/run.mjs [suite] [runtime]...        such as: parser node@24 bun
// The binaries of other runtimes come from npm by `npx`, in a folder that has nothing else; Chromium must be on the PATH.
// A suite is a module beside this one that exports `portable` and `prepare`; see parser.mjs.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium, launchChromium } from '../vitest/chromium.js'
import { execFile } from '../vitest/programs.js'

const nodePackage = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
const node = (version) => ({
  name: `node@${version.split('.')[0]}`,
  command:
    process.versions.node.split('.')[0] === version.split('.')[0]
      ? [process.execPath, 'main.mjs']
      : ['npx', '--yes', `--package=${nodePackage}@${version}`, '-c', 'node main.mjs'],
})

export const runtimes = [
  node('20.20.2'),
  node('22.23.3'),
  node('24.21.0'),
  node('26.10.0'),
  { name: 'bun', command: ['npx', '--yes', 'bun@1.4.5', 'main.mjs'] },
  { name: 'deno', command: ['npx', '--yes', 'deno@2.9.6', 'run', '-A', '--no-lock', 'main.mjs'] },
  { name: 'chromium', browser: true },
]

// what a runtime calls itself
const main = `
import { run } from './suite.mjs'
const { Bun, Deno, process } = globalThis
const version = Bun ? Bun.version : Deno ? Deno.version.deno : process.versions.node
console.log('RESULT ' + JSON.stringify({ version, ...(await run()) }))
`

/** Prepares `suite` in a new folder; `run` gives `{ version, passed, failed }` or `{ missing }`, `remove` removes the folder. */
export async function prepare(suite) {
  const { portable, prepare: fill } = await import(`./${suite}.mjs`)
  const folder = mkdtempSync(join(tmpdir(), 'spillway-runtimes-'))
  fill(folder)
  writeFileSync(join(folder, 'main.mjs'), main)
  return {
    run: ({ browser, command }) => {
      if (browser) return portable ? inChromium(folder) : { missing: 'this suite needs sockets' }
      return inProcess(folder, command)
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function inProcess(folder, [command, ...args]) {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 600_000, maxBuffer: 2 ** 26, shell: false }
    execFile(command, args, options, (error, stdout, stderr) => {
      const line = stdout.split('\n').find((text) => text.startsWith('RESULT '))
      if (line !== undefined) resolve(JSON.parse(line.slice(7)))
      // the runtime itself could not be had
      else if (/npm (error|ERR!)/.test(stderr) || error?.code === 'ENOENT')
        resolve({ missing: (/(?:error|ERR!) (?!code)(.{0,60})/.exec(stderr)?.[1] ?? 'no npx').trim() })
      else resolve({ passed: 0, failed: [stderr.trim().slice(-500) || (error?.message ?? 'said nothing')] })
    })
  })
}

/** The page comes from our own server. */
async function inChromium(folder) {
  if (chromium.isMissing) return { missing: 'no chromium on the PATH' }
  const { serve } = await import('../../packages/core/dist/index.js')
  const server = await serve(
    (c) => {
      if (c.path === '/') return c.html('<!doctype html><link rel="icon" href="data:,">')
      const file = /^(?:\/[\w-]+)+\.m?js$/.test(c.path) ? readFileSync(join(folder, c.path), 'utf8') : null
      if (file === null) return c.empty(404)
      return c.text(file, { headers: { 'content-type': 'text/javascript; charset=utf-8' } })
    },
    { host: '127.0.0.1', port: 0 },
  )
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    await page.goto(server.url)
    // as text: a test runner that rewrites imports would rewrite this one too
    const result = await page.evaluate(`import('/suite.mjs').then(({ run }) => run())`)
    return { version: browser.version(), ...result }
  } finally {
    await browser.close()
    await server.close()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [suite = 'parser', ...wanted] = process.argv.slice(2)
  const { run, remove } = await prepare(suite)
  console.log(`| runtime | version | passed | failed | seconds |\n| --- | --- | ---: | ---: | ---: |`)
  for (const runtime of runtimes.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
    const started = performance.now()
    const { version = '', passed, failed, missing } = await run(runtime)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    console.log(
      missing === undefined
        ? `| ${runtime.name} | ${version} | ${passed} | ${failed.length} | ${seconds} |`
        : `| ${runtime.name} | not there: ${missing} | - | - | - |`,
    )
    for (const problem of failed?.slice(0, 5) ?? []) console.error(`  ${problem}`)
    if (failed?.length > 0) process.exitCode = 1
  }
  remove()
}
