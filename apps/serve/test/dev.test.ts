import { type EventEmitter, once } from 'node:events'
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { freePort } from '../src/port.ts'
import { Run, buildProgram, folderWith } from './program.ts'

const esModule = '{ "type": "module" }'

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
}, 60_000)
afterAll(() => program.remove())

/** An application in a folder of its own, with `tsx` installed, run by `spillway dev`. */
class Project {
  readonly folder: string
  readonly run: Run
  url = ''

  constructor(files: string | Readonly<Record<string, string>>, args: readonly string[] = []) {
    this.folder = mkdtempSync(join(tmpdir(), 'spillway-dev-'))
    onTestFinished(() => rmSync(this.folder, { recursive: true, force: true }))
    const given = typeof files === 'string' ? { 'src/app.ts': files } : files
    for (const [file, text] of Object.entries({ 'package.json': esModule, ...given })) this.write(text, file)
    mkdirSync(join(this.folder, 'node_modules'), { recursive: true })
    symlinkSync(dirname(createRequire(import.meta.url).resolve('tsx/package.json')), this.path('node_modules/tsx'))
    this.run = new Run(program.file, ['dev', 'src/app.ts', '--port', '0', ...args], { cwd: this.folder })
  }

  path(file: string): string {
    return join(this.folder, file)
  }

  write(source: string, file = 'src/app.ts'): void {
    mkdirSync(dirname(this.path(file)), { recursive: true })
    writeFileSync(this.path(file), source)
  }

  /** Does something, and waits until the application that it made of it is there. */
  async after(change: () => void): Promise<void> {
    const times = this.run.out.match(/ready in/g)?.length ?? 0
    change()
    await this.said(/ready in/, times + 1)
  }

  /** Waits until it has said something. */
  async said(pattern: RegExp, times = 1): Promise<void> {
    const all = new RegExp(pattern, 'g')
    while ((`${this.run.out}${this.run.err}`.match(all)?.length ?? 0) < times) {
      if (this.run.child.exitCode !== null || this.run.child.signalCode !== null)
        throw new Error(`It ended: ${this.run.err}`)
      const over = new AbortController()
      const next = (from: EventEmitter, event: string): Promise<unknown> => once(from, event, { signal: over.signal })
      const { child } = this.run
      await Promise.race([next(child.stdout!, 'data'), next(child.stderr!, 'data'), next(child, 'close')])
      over.abort()
    }
  }

  async start(): Promise<this> {
    await this.said(/spillway dev: \S+\n/)
    this.url = /spillway dev: (\S+)/.exec(this.run.out)![1]!
    return this
  }
}

/** A request on a connection of its own, or of an agent. */
function get(url: string, agent: Agent = new Agent()): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent }, (reply: IncomingMessage) => {
      let text = ''
      reply.on('data', (piece) => (text += String(piece)))
      reply.on('end', () => resolve(text))
      reply.on('error', reject)
    })
    sent.on('error', reject)
    sent.end()
  })
}

const greeting = (text: string): string => `interface Greeting { readonly text: string }
const greeting: Greeting = { text: ${JSON.stringify(text)} }
export default (c: { text(text: string): unknown }) => c.text(greeting.text)
`

const slow = (text: string): string => `export default async (c: { text(text: string): unknown; path: string }) => {
  if (c.path === '/slow') await new Promise((resolve) => setTimeout(resolve, 700))
  return c.text('${text}')
}
`

test('runs TypeScript, and again after a change', { timeout: 60_000 }, async () => {
  const project = await new Project(greeting('one')).start()
  // It may not be ready yet: the request waits.
  expect(await get(project.url)).toBe('one')
  project.write(greeting('two'))
  await project.said(/has changed/)
  expect(await get(project.url)).toBe('two')
})

test('no request is refused or lost while it changes', { timeout: 60_000 }, async () => {
  const project = await new Project(slow('one')).start()
  const kept = new Agent({ keepAlive: true, maxSockets: 1 })
  expect(await get(project.url, kept)).toBe('one')
  const over = new AbortController()
  const seen = new Set<string>()
  const stream = (async () => {
    while (!over.signal.aborted) {
      seen.add(await get(project.url))
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  })()
  const underWay = get(`${project.url}/slow`)
  for (const text of ['two', 'three']) {
    project.write(slow(text))
    await project.said(/ready in/, text === 'two' ? 2 : 3)
    // What was kept alive is answered by the last process for a moment.
    while ((await get(project.url, kept)) !== text);
  }
  over.abort()
  await stream
  expect(await underWay).toMatch(/one|two/)
  expect([...seen].every((text) => ['one', 'two', 'three'].includes(text))).toBe(true)
  kept.destroy()
})

test('errors are shown with their source, until they are mended', { timeout: 60_000 }, async () => {
  const broken = `const nothing = undefined as unknown as { name: string }
export default () => {
  return nothing.name
}
`
  const project = await new Project(broken).start()
  const html = { headers: { Accept: 'text/html' } }
  const page = await fetch(project.url, html)
  expect(page.status).toBe(500)
  const text = await page.text()
  expect(text).toContain('src/app.ts:3')
  expect(text).toMatch(/<mark> +3 {4}return nothing\.name<\/mark>/)
  expect(text).toContain('/.spillway/reload.js')
  expect(await (await fetch(project.url)).text()).toMatch(/^TypeError: /)
  await project.said(/> 3 \| {3}return nothing\.name/)
  // What does not even load is told by the parent.
  project.write('export default 7 +\n')
  await project.said(/SyntaxError|TransformError|ERROR/)
  const failing = await fetch(project.url, html)
  expect(failing.status).toBe(500)
  expect(await failing.text()).toContain('app.ts')
  project.write(greeting('mended'))
  await project.said(/has changed/, 2)
  expect(await get(project.url)).toBe('mended')
})

test('pages that ask for it are told to reload', { timeout: 60_000 }, async () => {
  const project = await new Project(greeting('one')).start()
  const script = await fetch(`${project.url}/.spillway/reload.js`)
  expect(script.headers.get('content-type')).toBe('text/javascript')
  const generation = async (): Promise<string> => {
    const reader = (await fetch(`${project.url}/.spillway/reload`))
      .body!.pipeThrough(new TextDecoderStream())
      .getReader()
    let text = ''
    while (!/data: .*\n/.test(text)) {
      const { done, value = '' } = await reader.read()
      // The worker from before hangs up when it ends, and a page comes back.
      if (done) return generation()
      text += value
    }
    await reader.cancel()
    return /data: (.*)\n/.exec(text)![1]!
  }
  const before = await generation()
  expect(await generation()).toBe(before)
  project.write(greeting('two'))
  await project.said(/ready in/, 2)
  expect(await generation()).not.toBe(before)
})

test(
  'the environment is read from .env, and a program that ends is started by the next change',
  { timeout: 60_000 },
  async () => {
    const folder = new Project(
      'export default (c: any) => c.path === "/end" ? process.exit(3) : c.text(process.env.GREETING)\n',
    )
    writeFileSync(join(folder.folder, '.env'), 'GREETING=hi\n')
    const project = await folder.start()
    await project.said(/ready in/)
    project.write(readFileSync(join(project.folder, 'src/app.ts'), 'utf8'))
    await project.said(/ready in/, 2)
    expect(await (await fetch(project.url)).text()).toBe('hi')
    await fetch(`${project.url}/end`).catch(() => {})
    await project.said(/has ended with code 3/)
    expect((await fetch(project.url)).status).toBe(500)
    project.write(greeting('again'))
    while ((await get(project.url)) !== 'again');
  },
)

test.each<[string, string[], RegExp]>([
  ['no file', ['dev'], /One file is needed/],
  ['a file that is not there', ['dev', 'none.ts'], /There is no file/],
  ['an option that there is not', ['dev', 'package.json', '--prot', '1'], /There is no --prot. Did you mean --port\?/],
  ['an option without its value', ['dev', 'package.json', '--port'], /--port needs a value: --port number/],
  ['a port that is none', ['dev', 'package.json', '--port', '70000'], /from 0 to 65535/],
  ['a folder', ['dev', '.'], /is a folder; name the file/],
  ['a command that is none', ['dve', 'package.json'], /Or is it spillway dev package.json\?/],
  ['a program that is taken for a folder', ['package.json.ts'], /run it by: spillway dev package.json.ts/],
])('%s is told', async (_, args, message) => {
  const run = new Run(program.file, args, {
    cwd: folderWith({ 'package.json': '{}', 'package.json.ts': '' }),
  })
  expect(await run.end()).toBe(2)
  expect(run.err).toMatch(message)
})

test.each([
  ['when it has just begun', 0],
  ['when the next process is prepared', 300],
])('Ctrl-C ends it %s', { timeout: 60_000 }, async (_, later) => {
  const project = await new Project(greeting('one')).start()
  await project.said(/ready in/)
  await new Promise((resolve) => setTimeout(resolve, later))
  project.run.child.kill('SIGINT')
  expect(await project.run.end()).toBe(0)
})

test('a module without an application says what it exports', { timeout: 60_000 }, async () => {
  const project = await new Project('export const port = 3000\n').start()
  expect(await (await fetch(project.url)).text()).toMatch(/exports port, and no application/)
})

const saves: Readonly<Record<string, (file: string, text: string) => void>> = {
  'in place': writeFileSync,
  'by rename': (file, text) => {
    writeFileSync(`${file}.tmp`, text)
    renameSync(`${file}.tmp`, file)
  },
  'by a backup and a new file': (file, text) => {
    renameSync(file, `${file}~`)
    writeFileSync(file, text)
    unlinkSync(`${file}~`)
  },
  'by deleting and writing': (file, text) => {
    unlinkSync(file)
    writeFileSync(file, text)
  },
}

test('a save is one change, however it is made', { timeout: 60_000 }, async () => {
  const project = await new Project(greeting('0')).start()
  await project.said(/ready in/)
  let version = 0
  for (const save of [...Object.values(saves), ...Object.values(saves)]) {
    await project.after(() => save(project.path('src/app.ts'), greeting(String(++version))))
    expect(await get(project.url)).toBe(String(version))
  }
  expect(project.run.out.match(/has changed/g)).toHaveLength(version)
})

test('the last of several saves is what answers', { timeout: 60_000 }, async () => {
  const project = await new Project(greeting('0')).start()
  await project.said(/ready in/)
  for (let version = 1; version <= 9; version++) {
    project.write(greeting(String(version)))
    await new Promise((resolve) => setTimeout(resolve, version * 10))
  }
  await project.said(/has changed/, 2)
  await expect.poll(() => get(project.url), { timeout: 10_000 }).toBe('9')
  project.write('export default 7 +\n')
  project.write(greeting('mended'))
  await expect.poll(() => get(project.url), { timeout: 10_000 }).toBe('mended')
})

test('files come, change and go', { timeout: 60_000 }, async () => {
  const using = `import { text } from './more/text.ts'
export default (c: { text(text: string): unknown }) => c.text(text)
`
  const project = await new Project(greeting('alone')).start()
  await project.said(/ready in/)
  project.write(using)
  await project.said(/Cannot find module/)
  expect(await get(project.url)).toMatch(/more/)
  project.write("export const text: string = 'new'\n", 'src/more/text.ts')
  while ((await get(project.url)) !== 'new');
  await project.after(() => project.write("export const text: string = 'other'\n", 'src/more/text.ts'))
  expect(await get(project.url)).toBe('other')
  renameSync(project.path('src/more'), project.path('src/less'))
  await project.said(/Cannot find module/, 2)
  while (!(await get(project.url)).includes('Cannot find module'));
})

const paths = (folder: string): string => JSON.stringify({ compilerOptions: { paths: { '#/*': [`./${folder}/*`] } } })

test(
  'settings that change are read again: of the environment, of TypeScript and of Node.js',
  { timeout: 60_000 },
  async () => {
    const project = await new Project({
      'src/app.ts': `import { text } from '#/text.ts'
import { name } from '#name'
export default (c: { text(text: string): unknown }) => c.text([text, name, process.env.GREETING].join(' '))
`,
      'one/text.ts': "export const text: string = 'one'\n",
      'two/text.ts': "export const text: string = 'two'\n",
      'tsconfig.json': paths('one'),
      'package.json': '{ "type": "module", "imports": { "#name": "./one/name.js" } }',
      'one/name.js': "export const name = 'first'\n",
      'two/name.js': "export const name = 'second'\n",
      '.env': 'GREETING=hi\n',
    }).start()
    await project.said(/ready in/)
    expect(await get(project.url)).toBe('one first hi')
    await project.after(() => project.write(paths('two'), 'tsconfig.json'))
    expect(await get(project.url)).toBe('two first hi')
    await project.after(() =>
      project.write('{ "type": "module", "imports": { "#name": "./two/name.js" } }', 'package.json'),
    )
    expect(await get(project.url)).toBe('two second hi')
    await project.after(() => project.write('GREETING=hello\n', '.env'))
    expect(await get(project.url)).toBe('two second hello')
  },
)

/** Says when it was loaded, in terms of the processes' own time. */
const packageOf = (name: string): string => `export const loadedAt = performance.now()
export const name = '${name}'
`

const using = (version: number): string => `import * as esm from 'esm'
import cjs from './old.cjs'
const startedAt = performance.now()
export default (c: { json(value: unknown): unknown }) => c.json({
  version: ${version},
  names: [esm.name, cjs.name],
  ahead: [esm.loadedAt, cjs.loadedAt].map((at) => startedAt - at > 100),
})
`

test('what is installed is loaded before a save, and again when it has changed', { timeout: 60_000 }, async () => {
  const project = await new Project({
    'src/app.ts': using(0),
    'src/old.cjs': "module.exports = require('cjs')\n",
    'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/esm/index.js': "export * from './inner.js'\n",
    'node_modules/esm/inner.js': packageOf('esm'),
    'node_modules/cjs/package.json': '{ "main": "./index.js" }',
    'node_modules/cjs/index.js': "module.exports = require('./inner')\n",
    'node_modules/cjs/inner.js': "exports.name = 'cjs'\nexports.loadedAt = performance.now()\n",
  }).start()
  await project.said(/ready in/)
  const after = async (change: () => void): Promise<unknown> => {
    // Time for the next process to be prepared.
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await project.after(change)
    return JSON.parse(await get(project.url))
  }
  for (const version of [1, 2])
    expect(await after(() => project.write(using(version)))).toEqual({
      version,
      names: ['esm', 'cjs'],
      ahead: [true, true],
    })
  const seen = await after(() => {
    project.write(packageOf('esm 2'), 'node_modules/esm/inner.js')
    project.write(using(3))
  })
  expect(seen).toMatchObject({ version: 3, names: ['esm 2', 'cjs'] })
})

const withPid = (version: number): string => `import { name } from 'esm'
export default (c: { json(value: unknown): unknown }) => c.json({ version: ${version}, name, pid: process.pid })
`

test('of two saves in a row, each finds a process that has loaded what is installed', { timeout: 60_000 }, async () => {
  const project = await new Project({
    'src/app.ts': withPid(0),
    'node_modules/esm/package.json': '{ "type": "module", "exports": "./index.js" }',
    'node_modules/esm/index.js': `import { appendFileSync } from 'node:fs'
appendFileSync('loaded.txt', process.pid + '\\n')
export const name = 'esm'
`,
  }).start()
  await project.said(/ready in/)
  const loaded = (): number[] => readFileSync(project.path('loaded.txt'), 'utf8').trim().split('\n').map(Number)
  // The application's process, and two for the next saves.
  await expect.poll(loaded, { timeout: 20_000 }).toHaveLength(3)
  const before = loaded()
  for (const version of [1, 2]) {
    await project.after(() => project.write(withPid(version)))
    const seen = JSON.parse(await get(project.url)) as { version: number; pid: number }
    expect(seen.version).toBe(version)
    expect(before).toContain(seen.pid)
  }
})

test('what an application listens on by itself is free for the next one', { timeout: 60_000 }, async () => {
  const port = await freePort('127.0.0.1', 0)
  const app = (version: number): string => `import { createServer } from 'node:http'
const metrics = createServer((_, reply) => void reply.end('${version}'))
await new Promise<void>((resolve) => metrics.listen(${port}, '127.0.0.1', resolve))
export default (c: { text(text: string): unknown }) => c.text('app ${version}')
`
  const project = await new Project(app(0)).start()
  await project.said(/ready in/)
  // A connection that is kept open does not keep the port.
  const kept = new Agent({ keepAlive: true })
  expect(await get(`http://127.0.0.1:${port}`, kept)).toBe('0')
  for (const version of [1, 2]) {
    await project.after(() => project.write(app(version)))
    expect(await get(project.url)).toBe(`app ${version}`)
    expect(await get(`http://127.0.0.1:${port}`)).toBe(String(version))
  }
  kept.destroy()
})

test('PORT and HOST of .env say where', { timeout: 60_000 }, async () => {
  const port = await freePort('127.0.0.1', 0)
  const files = { 'app.js': 'export default (c) => c.text("hi")\n', '.env': `PORT=${port}\nHOST=localhost\n` }
  const run = new Run(program.file, ['dev', 'app.js'], { cwd: folderWith({ 'package.json': esModule, ...files }) })
  await expect.poll(() => run.out, { timeout: 20_000 }).toMatch(/ready in/)
  expect(await get(`http://localhost:${port}`)).toBe('hi')
})

test('another port is taken when the usual one is in use, and one that was asked for is not', async () => {
  const other = createServer()
  // Whoever has it already does as well.
  await new Promise<void>((resolve) => other.once('error', () => resolve()).listen(3000, '127.0.0.1', resolve))
  onTestFinished(() => void other.close())
  const cwd = folderWith({ 'package.json': esModule, 'app.js': 'export default (c) => c.text("hi")\n' })
  const run = new Run(program.file, ['dev', 'app.js'], { cwd, env: { PORT: '', HOST: '127.0.0.1' } })
  await expect.poll(() => run.out, { timeout: 20_000 }).toMatch(/3000 is in use: this is another one/)
  expect(await get(/dev: (\S+)/.exec(run.out)![1]!)).toBe('hi')
  const refused = new Run(program.file, ['dev', 'app.js'], { cwd, env: { PORT: '3000', HOST: '127.0.0.1' } })
  expect(await refused.end()).toBe(1)
  expect(refused.err).toMatch(
    /Port 3000 is in use. Without --port and PORT a free one is taken; --port 3001 may be free/,
  )
})

test.each([
  ['dev', '--port', /\$PORT, or 3000, or the next free one/],
  ['routes', '--json', /as JSON/],
])('%s --help says what there is', async (command, option, text) => {
  const run = new Run(program.file, [command, '--help'])
  expect(await run.end()).toBe(0)
  expect(run.out).toContain(option)
  expect(run.out).toMatch(text)
  expect(run.out.split('\n').filter((line) => line.length > 120)).toEqual([])
})

const wanting = (whenAlone: string): Readonly<Record<string, string>> => ({
  'src/before.ts': "globalThis.something = 'there'\nexport {}\n",
  'node_modules/wants/package.json': '{ "type": "module", "exports": "./index.js" }',
  'node_modules/wants/index.js': `if (!globalThis.something) { ${whenAlone} }
export const text = globalThis.something ?? 'nothing'
`,
})

test.each([
  ['is imported for what it does for a package', './before.ts', ''],
  ['is there before a package that cannot be alone', '* as before from ./before.ts', 'process.exit(7)'],
])('what %s is done first', { timeout: 60_000 }, async (_, imported, whenAlone) => {
  const app = (version: number): string => `import ${imported.replace(/\S+$/, "'$&'")}
import { text } from 'wants'
${imported.startsWith('*') ? 'void before' : ''}
export default (c: { text(text: string): unknown }) => c.text(text + ${version})
`
  const project = await new Project({ 'src/app.ts': app(0), ...wanting(whenAlone) }).start()
  await project.said(/ready in/)
  for (const version of [1, 2]) {
    await new Promise((resolve) => setTimeout(resolve, 1500))
    await project.after(() => project.write(app(version)))
    expect(await get(project.url)).toBe(`there${version}`)
  }
})
