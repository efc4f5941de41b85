import { spawn } from '@spillway/vitest-config/tools'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { makeAuthority, openssl } from '../certificates.ts'
import { buildProgram } from '../programs.ts'

// `SURVIVAL_SECONDS=600 npx vitest run packages/core/test/survival` plays histories for ten minutes.
const seconds = Number(process.env['SURVIVAL_SECONDS'] ?? 0)

let folder = ''
let program = ''

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'spillway-survival-'))
  program = await buildProgram('survival-sources', folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

it(
  'whatever a source does, and whatever happens to its reply, the process lives on and nothing stays open',
  { timeout: (seconds + 120) * 1000 },
  async () => {
    // A seed that is known makes a failure one that comes again.
    const seed = Number(process.env['SURVIVAL_SEED'] ?? (seconds > 0 ? Date.now() % 2 ** 31 : 1))
    const report = await play({
      seed,
      ...(seconds > 0 ? { seconds } : { batches: 160, seconds: 50 }),
      ...certificate(),
    })
    expect(report, `SURVIVAL_SEED=${seed}\n${report.report}\n${report.cause}`).toMatchObject({
      failed: false,
      answered: true,
      open: 0,
    })
    expect(report.histories).toBeGreaterThan(500)
  },
)

/** HTTP/2 needs TLS; without the tool that makes certificates, HTTP/1 is played alone. */
function certificate(): { tls?: { key: string; cert: string } } {
  if (openssl.isMissing) return {}
  const authority = makeAuthority()
  try {
    const { key, cert } = authority.issue('localhost', ['localhost', '127.0.0.1'])
    return { tls: { key, cert } }
  } finally {
    authority.remove()
  }
}

interface Report {
  readonly histories: number
  readonly report?: string
  readonly cause?: string
}

function play(task: object): Promise<Report> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    child.on('close', (code, signal) => {
      if (code === 0 && text !== '') resolve(JSON.parse(text) as Report)
      else reject(new Error(`The process ended with ${signal ?? code}: ${text}`))
    })
  })
}
