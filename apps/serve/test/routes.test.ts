import { afterAll, beforeAll, expect, test } from 'vitest'
import { Run, buildProgram, folderWith } from './program.ts'

let program: Awaited<ReturnType<typeof buildProgram>>
beforeAll(async () => {
  program = await buildProgram()
}, 60_000)
afterAll(() => program.remove())

const routes = `[
  { method: 'GET', pattern: '/', layers: ['problems', 'auth'] },
  { method: 'DELETE', pattern: '/users/:id' },
  { method: '*', pattern: '/files/**', host: 'static.example' },
]`

test('lists what an application answers', { timeout: 60_000 }, async () => {
  const source = `const app: () => void = () => {}\nexport default Object.assign(app, { routes: () => ${routes} })\n`
  const cwd = folderWith({ 'package.json': '{ "type": "module" }', 'app.ts': source })
  const run = new Run(program.file, ['routes', 'app.ts'], { cwd })
  expect(await run.end()).toBe(0)
  expect(run.out).toBe(`GET     /                        problems → auth
DELETE  /users/:id
*       static.example/files/**
`)
  const json = new Run(program.file, ['routes', 'app.ts', '--json'], { cwd })
  expect(await json.end()).toBe(0)
  expect(JSON.parse(json.out)[1]).toEqual({ method: 'DELETE', pattern: '/users/:id' })
})

test.each([
  ['has routes', `export default Object.assign(() => {}, { routes: () => [] })`, 0],
  ['has none', '', 1],
])('a program that goes on, and %s, ends', { timeout: 60_000 }, async (_, exported, code) => {
  const source = `import { createServer } from 'node:net'\ncreateServer().listen(0, '127.0.0.1')\n${exported}\n`
  const cwd = folderWith({ 'package.json': '{ "type": "module" }', 'app.js': source })
  expect(await new Run(program.file, ['routes', 'app.js'], { cwd }).end()).toBe(code)
})

test('says what has no routes', { timeout: 60_000 }, async () => {
  const cwd = folderWith({ 'package.json': '{ "type": "module" }', 'app.js': 'export default () => {}\n' })
  const run = new Run(program.file, ['routes', 'app.js'], { cwd })
  expect(await run.end()).toBe(1)
  expect(run.err).toContain('has no routes')
})
