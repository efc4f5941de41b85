import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import { expect, it } from 'vitest'
import { canMeasure } from '../src/proc.ts'

const program = fileURLToPath(new URL('../dist/scale.js', import.meta.url))
const missing = [!canMeasure && 'there is no /proc', !existsSync(program) && 'not built'].filter(Boolean)
const skipped = missing.length === 0 ? '' : ` (skipped: ${missing.join(', ')})`

withTools(findTool('openssl'))('with certificates', () => {
  it.runIf(missing.length === 0)(`has many clients of every kind${skipped}`, { timeout: 180_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [program, 'all', '20', 'spillway,ws'])
    const kinds = stdout.trim().split('\n\n')
    expect(kinds.map((text) => text.split('\n')[0])).toEqual([
      '20 idle connections',
      '20 WebSockets of a topic, a message a second to all',
      '20 readers of events, one a second to all',
      '20 slow readers of a file of 1 MiB',
      '20 connections of HTTP/2 with 100 streams each',
      '20 routes',
    ])
    for (const text of kinds)
      expect(text).toMatch(/^ +spillway +-?[\d.]+ +\d+ MB +[\d.]+ (?:µs|ms|s) +[\d.]+ (?:µs|ms|s)$/m)
    expect(kinds[1]).toMatch(/^ +ws /m)
  })

  it.runIf(missing.length === 0)(`knows no other kind${skipped}`, async () => {
    const failed = promisify(execFile)(process.execPath, [program, 'everything'])
    await expect(failed).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('websocket') })
  })
})
