import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Run, buildProgram, folderWith } from './program.ts'

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
}, 60_000)
afterAll(() => program.remove())

/** An application in a folder of its own, run by `spillway dev`. */
class Project {
  readonly folder: string
  readonly run: Run
  url = ''

  constructor(source: string, args: readonly string[] = []) {
    this.folder = folderWith({ 'package.json': '{ "type": "module" }', 'src/app.ts': source })
    this.run = new Run(program.file, ['dev', 'src/app.ts', '--port', '0', ...args], { cwd: this.folder })
  }

  write(source: string, file = 'src/app.ts'): void {
    writeFileSync(join(this.folder, file), source)
  }

  /** Waits until it has said something. */
  async said(pattern: RegExp, times = 1): Promise<void> {
    const all = new RegExp(pattern, 'g')
    while ((`${this.run.out}${this.run.err}`.match(all)?.length ?? 0) < times) {
      if (this.run.child.exitCode !== null || this.run.child.signalCode !== null)
        throw new Error(`It ended: ${this.run.err}`)
      await Promise.race([
        once(this.run.child.stdout!, 'data'),
        once(this.run.child.stderr!, 'data'),
        once(this.run.child, 'close'),
      ])
    }
  }

  async start(): Promise<this> {
    await this.said(/spillway dev: /)
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
    // A save may be told in two pieces.
    while ((await get(project.url)) !== 'again');
  },
)

test.each<[string, string[], RegExp]>([
  ['no file', ['dev'], /One file is needed/],
  ['a file that is not there', ['dev', 'none.ts'], /There is no file/],
  ['an option that there is not', ['dev', 'package.json', '--prot', '1'], /--prot/],
  ['a port that is none', ['dev', 'package.json', '--port', '70000'], /from 0 to 65535/],
])('%s is told', async (_, args, message) => {
  const run = new Run(program.file, args, { cwd: folderWith({ 'package.json': '{}' }) })
  expect(await run.end()).toBe(1)
  expect(run.err).toMatch(message)
})

test('Ctrl-C ends it', { timeout: 60_000 }, async () => {
  const project = await new Project(greeting('one')).start()
  await project.said(/ready in/)
  project.run.child.kill('SIGINT')
  expect(await project.run.end()).toBe(0)
})

test('a module without an application says what it exports', { timeout: 60_000 }, async () => {
  const project = await new Project('export const port = 3000\n').start()
  expect(await (await fetch(project.url)).text()).toMatch(/exports port, and no application/)
})
