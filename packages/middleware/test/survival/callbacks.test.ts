import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile } from '@spillway/vitest-config/tools'
import { build } from 'tsup'
import { beforeAll, expect, it } from 'vitest'
import { betweenPackages, elsewhere, plays, sameAs } from './callback-plays.ts'
import { publicCallbacks } from './public-callbacks.ts'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
beforeAll(async () => {
  await build({
    config: false,
    entry: [here('play-callbacks.ts')],
    tsconfig: here('../../tsconfig.json'),
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    target: 'node20',
    noExternal: [/^@spillway\//],
    // Where the packages are that it uses.
    outDir: here('../../node_modules/.survival'),
    silent: true,
  })
})

it('every callback of the public types is in the table', { timeout: 120_000 }, () => {
  const known = [...Object.keys(plays), ...Object.keys(elsewhere), ...Object.keys(sameAs), ...betweenPackages]
  expect(known.toSorted()).toEqual(publicCallbacks())
})

it('what is tried elsewhere, is', () => {
  for (const path of Object.values(elsewhere))
    expect({ path, exists: existsSync(here(`../../../../${path}`)) }).toEqual({ path, exists: true })
  for (const key of Object.values(sameAs)) expect(plays).toHaveProperty([key])
})

it(
  'whatever a callback does, the process lives, the client gets its answer, and others get theirs',
  { timeout: 180_000 },
  async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [here('../../node_modules/.survival/play-callbacks.mjs')],
      {
        maxBuffer: 1 << 26,
      },
    )
    const { count, deaths, uncalled } = JSON.parse(stdout) as { count: number; deaths: string[]; uncalled: string[] }
    expect(deaths).toEqual([])
    expect(uncalled).toEqual([])
    expect(count).toBe(Object.keys(plays).length * 11)
  },
)
