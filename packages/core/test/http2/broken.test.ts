import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type TestAuthority, type TestCertificate, makeAuthority, openssl } from '../certificates.ts'
import { buildProgram, linesUntil } from '../programs.ts'
import { until } from '../support.ts'
import { Flag, Type, fields, frame, frameClient, requestFields } from './frames.ts'

let authority: TestAuthority
let local: TestCertificate

beforeAll(() => {
  if (openssl.isMissing) return
  authority = makeAuthority()
  local = authority.issue('localhost', ['localhost', '127.0.0.1'])
})

afterAll(() => {
  if (!openssl.isMissing) authority.remove()
})

function head(stream: number, flags: number, ...pairs: readonly (readonly [string, string])[]): Buffer {
  return frame(Type.Headers, Flag.EndHeaders | flags, stream, fields(...pairs))
}

describe.skipIf(openssl.isMissing)('a client that breaks the rules of HTTP/2', () => {
  let folder: string
  let child: ChildProcess
  let url: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-http2-'))
    const program = await buildProgram('http2-server', folder)
    const env = { ...process.env, CERT: local.cert, KEY: local.key }
    child = spawn(process.execPath, [program], { stdio: ['pipe', 'pipe', 'inherit'], env })
    ;[url] = (await linesUntil(child, /^https:/)) as [string]
  })

  afterAll(() => {
    child.kill('SIGKILL')
    rmSync(folder, { recursive: true })
  })

  it.each([
    [
      'a refused head, and a request twice on one stream',
      () => [
        head(1, 0, ...requestFields('POST', '/'), ['host', 'evil']),
        head(3, Flag.EndStream, ...requestFields('POST', '/')),
        head(3, Flag.EndStream, ...requestFields('POST', '/')),
      ],
    ],
    [
      'a refused head of a request without content',
      () => [
        head(1, Flag.EndStream, ...requestFields('GET', '/'), ['host', 'evil']),
        head(1, Flag.EndStream, ...requestFields('GET', '/')),
      ],
    ],
    [
      'a refused head, its content, and once more',
      () => [
        head(1, 0, ...requestFields('POST', '/'), ['host', 'evil']),
        frame(Type.Data, Flag.EndStream, 1, Buffer.alloc(100)),
        frame(Type.Data, Flag.EndStream, 1, Buffer.alloc(100)),
      ],
    ],
    [
      'content that nobody reads, and a request twice',
      () => [
        head(1, 0, ...requestFields('POST', '/')),
        head(3, Flag.EndStream, ...requestFields('POST', '/')),
        head(3, Flag.EndStream, ...requestFields('POST', '/')),
      ],
    ],
  ])('does not stop the others: %s', { timeout: 20_000 }, async (_, frames) => {
    const evil = await frameClient(url)
    evil.send(...frames())
    evil.socket.end()
    const good = await frameClient(url)
    good.send(head(1, Flag.EndStream, ...requestFields('GET', '/')))
    await until(() => good.seen.includes(Type.Data))
    good.socket.destroy()
    evil.socket.destroy()
    expect(good.seen).toContain(Type.Headers)
  })
})
