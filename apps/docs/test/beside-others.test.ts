/*
 * The table of what frameworks answer is made by asking them:
 *   UPDATE_PAGES=1 npx vitest run apps/docs/test/beside-others.test.ts
 */
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { rows } from '../beside/rows.ts'
import { type Started, frameworks } from '../beside/servers.ts'
import { mistakesIn, root } from './compile.ts'

const page = new URL('../site/comparison.md', import.meta.url)

let running: readonly Started[]
beforeAll(async () => {
  vi.spyOn(console, 'error').mockReturnValue()
  // Express says more to developers.
  vi.stubEnv('NODE_ENV', 'production')
  running = await Promise.all(Object.values(frameworks).map((framework) => framework.start()))
})
afterAll(async () => {
  await Promise.all(running.map((server) => server.close()))
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** Where a package finds another one. */
function folderOf(name: string, from: string): string {
  for (let at = realpathSync(from); at !== '/'; at = join(at, '..'))
    if (existsSync(join(at, 'node_modules', name, 'package.json'))) return realpathSync(join(at, 'node_modules', name))
  throw new Error(`${from} does not find ${name}`)
}

/** Packages that come with these, and these themselves. */
function installed(names: readonly string[], from: string, all = new Set<string>()): Set<string> {
  for (const name of names) {
    const at = folderOf(name, from)
    if (all.has(at)) continue
    all.add(at)
    const { dependencies = {} } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as {
      dependencies?: Readonly<Record<string, string>>
    }
    installed(Object.keys(dependencies), at, all)
  }
  return all
}

/** A route with a parameter, `NAME` in its handler. */
const typed: Readonly<Record<string, string>> = {
  Spillway:
    "import { router } from '@spillway/middleware/router'\nrouter().get('/items/:id', (c) => c.text(c.params.NAME))",
  Hono: "import { Hono } from 'hono'\nnew Hono().get('/items/:id', (c) => c.text(c.req.param('NAME')))",
  Fastify:
    "import fastify from 'fastify'\nfastify().get('/items/:id', (request, reply) => reply.send(request.params.NAME))",
  Express:
    "import express from 'express'\nexpress().get('/items/:id', (request, reply) => void reply.send(request.params.NAME))",
}

function versionOf(name: string): string {
  const at = folderOf(name, join(root, 'apps/docs'))
  return (JSON.parse(readFileSync(join(at, 'package.json'), 'utf8')) as { version: string }).version
}

async function table(): Promise<string> {
  const names = Object.keys(frameworks)
  const heads = names.map((name) => (name === 'Spillway' ? name : `${name} ${versionOf(name.toLowerCase())}`))
  const lines = [
    ['', ...heads],
    ['---', ...names.map(() => '---')],
  ]
  for (const { what, cell } of rows) lines.push([what, ...(await Promise.all(running.map(({ port }) => cell(port))))])
  const parameters = ['id', 'other']
  const mistakes = mistakesIn(
    new Map(
      names.flatMap((name) =>
        parameters.map(
          (one) => [`${root}apps/docs/test/${name}-${one}.mts`, typed[name]!.replace('NAME', one)] as const,
        ),
      ),
    ),
  )
  const isWrong = (name: string, one: string): boolean => mistakes.some((text) => text.includes(`/${name}-${one}.mts`))
  lines.push([
    'a parameter that the pattern has, and one that it does not have',
    ...names.map((name) => {
      if (isWrong(name, 'id')) return 'have no types'
      return isWrong(name, 'other') ? 'the other is a type error' : 'are both a text'
    }),
  ])
  const counts = Object.values(frameworks).map(({ packages }) => installed(packages, join(root, 'apps/docs')).size)
  lines.push(['packages that are installed', ...counts.map(String)])
  return lines.map((cells) => `| ${cells.join(' | ')} |\n`).join('')
}

/** Without the room that a table is given. */
function squeezed(all: string): string {
  return all.replaceAll(/ {2,}/g, ' ').replaceAll(/-{3,}/g, '---')
}

test('the table says what they answer', { timeout: 60_000 }, async () => {
  const made = await table()
  const parts = (): string[] => readFileSync(page, 'utf8').split(/(?<=<!-- asked: .*\n)|(?=<!-- \/asked)/)
  const [before, , after] = parts()
  if (process.env['UPDATE_PAGES']) writeFileSync(page, `${before}\n${made}\n${after}`)
  expect(squeezed(parts()[1]!).trim()).toBe(squeezed(made).trim())
})
