// Runs suites on the packages as they are published, in all runtimes, and prints one table:
//   node tooling/runtimes/run.mjs [suite]... [runtime]...        such as: parser core node@24 bun; default: all
// The binaries of other runtimes come from npm by `npx`, in an otherwise empty folder; Chromium must be on the PATH.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { askedOf, chosenFrom } from '../command-line/index.js'
import { install, packAll } from '../packed.mjs'
import { setup } from '../setup.mjs'
import { chromium, launchChromium } from '../vitest/chromium.js'
import { execFile } from '../vitest/programs.js'
import { judge } from './gaps.mjs'
import { suites } from './suites.mjs'

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
  { name: 'chromium', isBrowser: true },
]

// the program that runs a suite in a runtime, and prints its results with the runtime's version
const main = `
import { run } from './suite.mjs'
const { Bun, Deno, process } = globalThis
const version = Bun ? Bun.version : Deno ? Deno.version.deno : process.versions.node
console.log('RESULT ' + JSON.stringify({ version, ...(await run()) }))
process.exit()
`

const here = (path) => fileURLToPath(new URL(path, import.meta.url))

/**
 * Packs the packages, once for all suites. `prepare` installs into a new folder what the users of a package install; `run` then
 * returns `{ version, passed, gaps, failed }` or `{ missing }` for a runtime.
 */
export function pack() {
  setup()
  const home = mkdtempSync(join(tmpdir(), 'spillway-runtimes-'))
  const packed = packAll(home)
  return {
    prepare(suite) {
      const { packages, isPortable = false, fill } = suites[suite]
      const folder = mkdtempSync(join(home, `${suite}-`))
      install(folder, { type: 'module', dependencies: packages }, packed, '--ignore-scripts')
      // as if they had come from the registry
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', dependencies: packages }))
      fill?.(folder)
      cpSync(here(`suites/${suite}.mjs`), join(folder, 'suite.mjs'))
      cpSync(here('suites/harness.mjs'), join(folder, 'harness.mjs'))
      writeFileSync(join(folder, 'main.mjs'), main)
      return {
        run: async ({ name, isBrowser, command }) => {
          if (isBrowser && !isPortable) return { missing: 'a page has no sockets' }
          const result = await (isBrowser ? inChromium(folder) : inProcess(folder, command))
          return result.missing === undefined ? { ...result, ...judge(suite, name, result) } : result
        },
      }
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  }
}

function inProcess(folder, [command, ...args]) {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: 600_000, maxBuffer: 2 ** 26, shell: false }
    execFile(command, args, options, (error, stdout, stderr) => {
      const line = stdout.split('\n').find((text) => text.startsWith('RESULT '))
      if (line !== undefined) resolve(JSON.parse(line.slice(7)))
      // the runtime itself could not be installed
      else if (/npm (error|ERR!)/.test(stderr) || error?.code === 'ENOENT')
        resolve({ missing: (/(?:error|ERR!) (?!code)(.{0,60})/.exec(stderr)?.[1] ?? 'no npx').trim() })
      else {
        const text = stderr.trim().slice(-500) || (error?.message ?? 'it said nothing')
        resolve({ passed: 0, failed: [{ check: 'the suite itself', error: text }] })
      }
    })
  })
}

/** The import map with which a page finds the entries of a package. */
function importMap(folder, name) {
  const { exports } = JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8'))
  const entries = Object.entries(exports).filter(([, entry]) => entry.default !== undefined)
  const imports = entries.map(([path, entry]) => [join(name, path), `/${join('node_modules', name, entry.default)}`])
  return JSON.stringify({ imports: Object.fromEntries(imports) })
}

/** Runs a suite in Chromium, in a page from our own server. */
async function inChromium(folder) {
  if (chromium.isMissing) return { missing: 'no chromium on the PATH' }
  const { serve } = await import('../../packages/core/dist/index.js')
  const page = `<!doctype html><link rel="icon" href="data:,"><script type="importmap">${importMap(folder, '@spillway/parser')}</script>`
  const server = await serve(
    (c) => {
      if (c.path === '/') return c.html(page)
      const file = /^(?:\/[\w@-]+)+\.m?js$/.test(c.path) ? readFileSync(join(folder, c.path), 'utf8') : null
      if (file === null) return c.empty(404)
      return c.text(file, { headers: { 'content-type': 'text/javascript; charset=utf-8' } })
    },
    { host: '127.0.0.1', port: 0 },
  )
  const browser = await launchChromium()
  try {
    const tab = await browser.newPage()
    await tab.goto(server.url)
    // as text: a test runner that rewrites imports would rewrite this one too
    const result = await tab.evaluate(`import('/suite.mjs').then(({ run }) => run())`)
    return { version: browser.version(), ...result }
  } finally {
    await browser.close()
    await server.close()
  }
}

function cell({ passed, gaps, failed, missing }) {
  if (missing !== undefined) return '–'
  const parts = [`${passed}`]
  if (gaps > 0) parts.push(gaps === 1 ? '1 gap' : `${gaps} gaps`)
  if (failed.length > 0) parts.push(`**${failed.length} failed**`)
  return parts.join(', ')
}

async function printTable(names, chosen) {
  const packed = pack()
  try {
    const prepared = names.map((suite) => [suite, packed.prepare(suite)])
    console.log(`| runtime | version | ${names.join(' | ')} |\n| --- | --- |${' ---: |'.repeat(names.length)}`)
    for (const runtime of chosen) {
      const results = []
      for (const [suite, { run }] of prepared) {
        const result = await run(runtime)
        results.push(result)
        if (result.missing !== undefined) console.error(`${suite} in ${runtime.name}: ${result.missing}`)
        for (const problem of result.failed?.slice(0, 5) ?? []) console.error(`${suite} in ${runtime.name}: ${problem}`)
        if (result.failed?.length > 0) process.exitCode = 1
      }
      const version = results.find((one) => one.version !== undefined)?.version ?? 'not there'
      console.log(`| ${runtime.name} | ${version} | ${results.map(cell).join(' | ')} |`)
    }
  } finally {
    packed.remove()
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [knownSuites, knownRuntimes] = [Object.keys(suites), runtimes.map(({ name }) => name)]
  const all = [...knownSuites, ...knownRuntimes]
  const usage = `[suite]... [runtime]...: runs suites on the packages as they are published; default: all

Suites: ${knownSuites.join(', ')}
Runtimes: ${knownRuntimes.join(', ')}`
  const wanted = askedOf('run', { usage }, (chosen) => chosen.map((one) => chosenFrom('suite or runtime', one, all)))
  const names = knownSuites.filter((name) => wanted.includes(name))
  const chosen = runtimes.filter(({ name }) => wanted.includes(name))
  await printTable(names.length > 0 ? names : knownSuites, chosen.length > 0 ? chosen : runtimes)
}
