// Runs every program that people start as a process: how it reports usage errors, its help and its version.
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { programFromSources } from '@spillway/tsup-config'
import { spawn } from '@spillway/vitest-config/tools'
import { build } from 'tsup'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** A program, identified by the folder of its package. */
interface Program {
  readonly name: string
  readonly source: string
  /** Arguments that make it listen on a port. */
  readonly listens?: (port: number) => readonly string[]
}

const programs: Readonly<Record<string, Program>> = {
  'apps/bench': { name: 'bench', source: 'src/main.ts' },
  'apps/gateway': { name: 'gateway', source: 'src/main.ts' },
  'apps/replay': { name: 'spillway-replay', source: 'src/main.ts' },
  'apps/serve': { name: 'spillway', source: 'src/main.ts', listens: (port) => ['--port', `${port}`] },
  'apps/testbed': { name: 'testbed', source: 'src/main.ts', listens: (port) => ['--port', `${port}`] },
  'packages/create': { name: 'create-spillway', source: 'src/main.ts' },
  'packages/inspect': {
    name: 'spillway-inspect',
    source: 'src/cli.ts',
    listens: (port) => ['proxy', 'http://127.0.0.1:1', '--port', `${port}`],
  },
}

/** Programs that are configured by environment variables only. */
const withoutOptions = ['apps/chat', 'apps/compat', 'apps/conduit', 'apps/wire-lab']

/** Scripts that take arguments, and others with which they would do no harm. */
const scripts: Readonly<Record<string, readonly string[]>> = {
  'tooling/release.mjs': ['--dry-run'],
  'tooling/sbom.mjs': [],
  'tooling/runtimes/run.mjs': [],
  'tooling/consumer/templates.mjs': [],
  'apps/bench/dist/micro.js': [],
  'apps/bench/dist/scale.js': [],
  'apps/bench/dist/tables.js': [],
}

/** Where each is built, by the folder of its package. */
const folders = new Map<string, string>()

beforeAll(async () => {
  await Promise.all(
    Object.entries(programs).map(async ([place, { source }]) => {
      const folder = mkdtempSync(join(tmpdir(), 'program-'))
      folders.set(place, folder)
      await build({
        ...programFromSources,
        entry: { main: join(root, place, source) },
        outDir: join(folder, 'dist'),
        tsconfig: join(root, 'tsconfig.json'),
        splitting: true,
      })
      writeFileSync(join(folder, 'package.json'), '{ "type": "module", "version": "1.2.3" }')
    }),
  )
}, 120_000)
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

const run = (place: string, ...args: string[]): ReturnType<typeof runFile> =>
  runFile(join(folders.get(place)!, 'dist/main.mjs'), ...args)

async function runFile(path: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, NO_COLOR: '1', PORT: '', HOST: '127.0.0.1' }
  const child = spawn(process.execPath, [path, ...args], { stdio: 'pipe', env })
  onTestFinished(() => void child.kill('SIGKILL'))
  let [out, err] = ['', '']
  child.stdout.on('data', (piece) => (out += String(piece)))
  child.stderr.on('data', (piece) => (err += String(piece)))
  const [code] = (await once(child, 'close')) as [number]
  return { code, out, err }
}

it('none is forgotten', () => {
  const started = ['apps', 'packages'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((place) => existsSync(join(root, place, 'src/main.ts')) || hasCommand(place)),
  )
  expect(started.toSorted()).toEqual([...Object.keys(programs), ...withoutOptions].toSorted())
})

it('none reads options by itself', () => {
  const sources = ['apps', 'packages', 'tooling'].flatMap((group) =>
    readdirSync(join(root, group), { recursive: true, encoding: 'utf8' })
      .filter(
        (name) => /\.(?:ts|mts|js|mjs)$/.test(name) && !/(?:^|\/)(?:node_modules|dist|test|templates)\//.test(name),
      )
      .map((name) => `${group}/${name}`),
  )
  const reading = sources.filter((file) => readFileSync(join(root, file), 'utf8').includes('parseArgs'))
  expect(reading).toEqual(['tooling/command-line/read.js'])
})

function hasCommand(place: string): boolean {
  const manifest = join(root, place, 'package.json')
  return existsSync(manifest) && 'bin' in (JSON.parse(readFileSync(manifest, 'utf8')) as object)
}

describe.each(Object.entries(programs))('the program of %s', (place, { name, listens }) => {
  it('says in one line that there is no such option, and ends with 2', async () => {
    const { code, out, err } = await run(place, '--hlep')
    expect({ code, out, err }).toEqual({
      code: 2,
      out: '',
      err: `${name}: There is no --hlep. Did you mean --help?\n`,
    })
  })

  it('prints its help and its version', async () => {
    const help = await run(place, '--help')
    expect([help.code, help.err]).toEqual([0, ''])
    expect(help.out).toContain('--version')
    expect(help.out.split('\n').filter((line) => line.length > 100)).toEqual([])
    expect(await run(place, '--version')).toEqual({ code: 0, out: '1.2.3\n', err: '' })
  })

  it.skipIf(!listens)('says in one line that a port is in use', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    onTestFinished(() => void taken.close())
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const { code, err } = await run(place, ...listens!(port))
    expect([code, err.split('\n').length]).toEqual([1, 2])
    expect(err).toMatch(`${name}: Port ${port} is in use`)
  })
})

const built = existsSync(join(root, 'packages/core/dist'))

describe.each(Object.entries(scripts))('the script %s', (file, harmless) => {
  const path = join(root, file)
  const isThere = built && existsSync(path)
  const name = basename(file).replace(/\.m?js$/, '')

  it.runIf(isThere)(
    `says in one line what it does not know, and ends with 2${isThere ? '' : ' (not built)'}`,
    async () => {
      const hint = `${name}: There is no --hlep. Did you mean --help?\n`
      expect(await runFile(path, ...harmless, '--hlep')).toEqual({ code: 2, out: '', err: hint })
      expect(await runFile(path, ...harmless, '--version')).toMatchObject({ code: 2, out: '' })
    },
  )

  it.runIf(isThere)(`prints its help${isThere ? '' : ' (not built)'}`, async () => {
    const { code, out, err } = await runFile(path, ...harmless, '--help')
    expect([code, err]).toEqual([0, ''])
    expect(out.startsWith(`${name} [`) || out.startsWith(`${name} file`)).toBe(true)
    for (const option of [...harmless, '--help']) expect(out).toContain(option)
    expect(out.split('\n').filter((line) => line.length > 100)).toEqual([])
  })
})
