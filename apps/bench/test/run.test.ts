import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import { expect, it } from 'vitest'
import { canMeasure } from '../src/proc.ts'
import { findProgram } from '../src/processes.ts'
import type { Result } from '../src/results.ts'

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url))
const needed = [
  'apps/gateway/dist/main.js',
  'apps/bench/dist/main.js',
  'packages/core/dist/index.js',
  'packages/middleware/dist/router.js',
]
const root = fileURLToPath(new URL('../../../', import.meta.url))
const missing = [
  !canMeasure && 'there is no /proc',
  !needed.every((file) => existsSync(join(root, file))) && 'not all is built',
].filter((reason) => reason !== false)
const programs = new Set(['nginx', 'haproxy', 'caddy', 'h2o', 'nghttpd'])
const skipped = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')})`

/** Runs the bench with one round of a second, and returns its results. */
async function measured(servers: string, workloads: string): Promise<{ stdout: string; results: Result[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-test-'))
  try {
    const json = join(folder, 'out.json')
    const options = ['--servers', servers, '--workloads', workloads, '--rounds', '1', '--seconds', '1', '--json', json]
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...options])
    return { stdout, ...(JSON.parse(readFileSync(json, 'utf8')) as { results: Result[] }) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Leaves out programs that are not installed. */
function there(servers: string): string[] {
  return servers.split(',').filter((name) => !programs.has(name) || findProgram(name) !== undefined)
}

withTools(findTool('wrk'))('with wrk', () => {
  it.runIf(missing.length === 0)(`measures two servers${skipped}`, { timeout: 60_000 }, async () => {
    const { stdout, results } = await measured('node-http,spillway', 'baseline')
    expect(stdout).toMatch(/^ +node-http .* 1\.00 .* 1\.00 /m)
    expect(stdout).toMatch(/^ +spillway /m)
    expect(results.map(({ server, workload }) => [server, workload])).toEqual([
      ['node-http', 'baseline'],
      ['spillway', 'baseline'],
    ])
    for (const { median } of results) {
      expect(median.requestsPerSecond).toBeGreaterThan(10)
      expect(median.cpuPerRequest).toBeGreaterThan(0)
      // It includes the time of the clients.
      expect(median.machinePerRequest).toBeGreaterThan(median.cpuPerRequest)
      expect(median.errors).toBe(0)
    }
  })

  it.runIf(missing.length === 0)(`has no table of another name${skipped}`, async () => {
    const tables = fileURLToPath(new URL('../dist/tables.js', import.meta.url))
    const failed = promisify(execFile)(process.execPath, [tables, 'everything'])
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('http1, edge, http2') })
  })

  it.runIf(missing.length === 0).each([
    ['proxied', 'spillway,gateway,nginx,haproxy,h2o'],
    ['gateway', 'spillway,node-http,caddy,h2o'],
    ['sessions', 'spillway,express,fastify'],
    ['events', 'spillway,node-http,hono,h3'],
  ])(`measures the row %s${skipped}`, { timeout: 180_000 }, async (workload, servers) => {
    const { results } = await measured(servers, workload)
    expect(results.map(({ server }) => server)).toEqual(there(servers))
    expect(results.filter(({ median }) => median.requestsPerSecond < 10 || median.errors > 0)).toEqual([])
  })

  withTools(findTool('h2load'), findTool('openssl'))('and h2load', () => {
    it.runIf(missing.length === 0).each([
      ['h2-site', 'spillway,node-http2,caddy'],
      ['h2', 'spillway,haproxy'],
    ])(`measures the row %s${skipped}`, { timeout: 180_000 }, async (workload, servers) => {
      const { results } = await measured(servers, workload)
      expect(results.map(({ server }) => server)).toEqual(there(servers))
    })
  })
})
