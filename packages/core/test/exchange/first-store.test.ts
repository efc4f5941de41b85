import { execFile } from '@spillway/vitest-config/tools'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { buildProgram } from '../programs.ts'

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'spillway-store-'))
let program: string

beforeAll(async () => {
  program = await buildProgram('first-store', folder)
}, 60_000)
afterAll(() => rmSync(folder, { recursive: true }))

it.each(['enterWith', 'run'])('the first %s of a process may be in a handler', async (way) => {
  const { stdout } = await run(process.execPath, [program, way])
  const found = JSON.parse(stdout) as string[]
  const where = way === 'enterWith' ? ['of /1', 'of /2', 'of /3'] : ['none', 'none', 'none']
  const expected = ['/1', '/2', '/3'].flatMap((path, i) => ['none', `then of ${path}`, `done ${where[i]!}`])
  expect(found.toSorted()).toEqual(expected.toSorted())
})
