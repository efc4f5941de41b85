// The program, as it is built.
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { fromSources } from '@spillway/tsup-config'
import { spawn } from '@spillway/vitest-config/tools'
import { build } from 'tsup'
import { expect, onTestFinished, test } from 'vitest'
import config from '../tsup.config.ts'
import { isMissing } from './support.ts'

const here = fileURLToPath(new URL('..', import.meta.url))

const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })

test.skipIf(isMissing)('answers, keeps what it was given in a file, and ends', { timeout: 60_000 }, async () => {
  const cache = join(here, 'node_modules/.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'program-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const built = { config: false, silent: true, clean: false, outDir: folder } as const
  await build({ ...config, ...built, entry: [join(here, 'src/main.ts')], noExternal: [/^@spillway\//], ...fromSources })

  const run = (port: string): ChildProcessWithoutNullStreams => {
    const env = { PORT: port, DATABASE: join(folder, 'conduit.db'), SECRET: 'a secret of thirty-two characters' }
    const child = spawn(process.execPath, [join(folder, 'main.js')], { cwd: folder, env, stdio: 'pipe' })
    onTestFinished(() => void child.kill('SIGKILL'))
    return child
  }

  const start = async (): Promise<{ url: string; end: () => Promise<unknown> }> => {
    const child = run('0')
    const ended = once(child, 'exit').then(([code]) => code as unknown)
    let said = ''
    child.stderr.on('data', (piece) => (said += String(piece)))
    for await (const piece of child.stdout) {
      said += String(piece)
      if (said.includes('/docs')) break
    }
    const [, url] = /at (http:\S+)\/api/.exec(said) ?? []
    if (url === undefined) throw new Error(said)
    return { url, end: () => (child.kill('SIGTERM'), ended) }
  }

  const user = { username: 'jake', email: 'jake@example.com', password: 'jakejake1' }
  const first = await start()
  const { port } = new URL(first.url)
  const other = run(port)
  const why = text(other.stderr)
  expect(await once(other, 'close')).toEqual([1, null])
  expect(await why).toBe(`Conduit cannot start: Port ${port} is in use\n`)
  const found = await fetch(first.url)
  expect([found.status, found.url]).toEqual([200, `${first.url}/docs`])
  expect((await post(`${first.url}/api/users`, { user })).status).toBe(201)
  expect(await first.end()).toBe(0)
  const second = await start()
  expect((await post(`${second.url}/api/users/login`, { user })).status).toBe(200)
  expect(await second.end()).toBe(0)
})
