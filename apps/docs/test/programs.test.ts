import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo, Server as NetServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { Server } from '@spillway/core'
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { exampleOf, groups, programOf } from '../scripts/middleware-pages.mjs'
import { mistakesIn, root } from './compile.ts'

const programs = groups
  .flatMap(({ parts }) => parts)
  .flatMap((part) => {
    const example = exampleOf(part)
    return { title: part.title, slug: part.slug, code: example === undefined ? '' : programOf(example)! }
  })

test('each part of the middleware has a page with a program', () => {
  expect(programs.filter(({ code }) => code === '').map(({ title }) => title)).toEqual([])
})

test('they compile', { timeout: 60_000 }, () => {
  const folder = `${root}packages/middleware/test/`
  const sources = new Map(programs.map(({ slug, code }) => [`${folder}page-${slug}.mts`, code]))
  // Stand-ins for packages without types.
  sources.set(`${folder}page.mts`, "import './connect-modules.d.ts'\n")
  expect(mistakesIn(sources)).toEqual([])
})

// A folder where the programs find the middleware's dependencies, and the folders that they name.
let folder: string
const before = process.cwd()
beforeAll(() => {
  const cache = fileURLToPath(new URL('../../../packages/middleware/node_modules/.cache/', import.meta.url))
  mkdirSync(cache, { recursive: true })
  folder = mkdtempSync(`${cache}pages-`)
  for (const name of ['public/assets', 'cgi-bin']) mkdirSync(`${folder}/${name}`, { recursive: true })
  writeFileSync(`${folder}/search.sh`, '#!/bin/sh\n')
  chmodSync(`${folder}/search.sh`, 0o755)
  process.chdir(folder)
})
afterAll(() => {
  process.chdir(before)
  rmSync(folder, { recursive: true })
})

/** The port of a server, ours or Node's, which ends with the test. */
async function portOf(server: Server | NetServer): Promise<number> {
  if ('url' in server) {
    onTestFinished(() => server.close({ deadline: 0 }).then(() => {}))
    return Number(new URL(server.url).port)
  }
  onTestFinished(() => void server.close())
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

test.each(programs.map(({ title, slug, code }) => [title, slug, code] as const))('%s runs', async (_, slug, code) => {
  const log = vi.spyOn(console, 'log').mockReturnValue()
  // Their upstream servers do not exist.
  const error = vi.spyOn(console, 'error').mockReturnValue()
  const stdout = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
  onTestFinished(() => {
    log.mockRestore()
    error.mockRestore()
    stdout.mockRestore()
  })
  // Uses a free port, and exports the server so that the test can send requests and close it.
  writeFileSync(
    `${folder}/${slug}.ts`,
    `${code.replace(/port: 3000|(?<=\()3000(?=\))/, (port) => port.replace('3000', '0'))}export { server }\n`,
  )
  const { server } = (await import(/* @vite-ignore */ `${folder}/${slug}.ts`)) as { server: Server | NetServer }
  const url = `http://127.0.0.1:${await portOf(server)}`
  expect((await fetch(url, { signal: AbortSignal.timeout(5000) })).status).toBeGreaterThanOrEqual(200)
})
