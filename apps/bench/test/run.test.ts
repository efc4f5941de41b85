import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import { expect, it } from 'vitest'
import { canMeasure } from '../src/proc.ts'
import type { Result } from '../src/results.ts'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const needed = ['apps/bench/dist/main.js', 'packages/core/dist/index.js', 'packages/middleware/dist/router.js']
const root = fileURLToPath(new URL('../../../', import.meta.url))
const missing = [
  !canMeasure && 'there is no /proc',
  !needed.every((file) => existsSync(join(root, file))) && 'not all is built',
].filter((reason) => reason !== false)
const skipped = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')})`

withTools(findTool('wrk'))('with wrk', () => {
  it.runIf(missing.length === 0)(`measures two servers${skipped}`, { timeout: 60_000 }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'bench-test-'))
    try {
      const json = join(folder, 'out.json')
      const options = ['--servers', 'node-http,spillway', '--workloads', 'baseline', '--rounds', '1', '--seconds', '1']
      const { stdout } = await promisify(execFile)(process.execPath, [main, ...options, '--json', json])
      expect(stdout).toMatch(/^ +node-http .* 1\.00 .* 1\.00 /m)
      expect(stdout).toMatch(/^ +spillway /m)
      const { results } = JSON.parse(readFileSync(json, 'utf8')) as { results: Result[] }
      expect(results.map(({ server, workload }) => [server, workload])).toEqual([
        ['node-http', 'baseline'],
        ['spillway', 'baseline'],
      ])
      for (const { median } of results) {
        expect(median.requestsPerSecond).toBeGreaterThan(10)
        expect(median.cpuPerRequest).toBeGreaterThan(0)
        expect(median.errors).toBe(0)
      }
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
