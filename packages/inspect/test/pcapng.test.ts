import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type MemoryClient, testServer } from '@spillway/core/testing'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest'
import { Recorder } from '../src/record/recorder.ts'
import { toPcapng } from '../src/site/pcapng.ts'

const runTool = promisify(execFile)
const tshark = findTool('tshark')
let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pcapng-'))
})
afterAll(() => rmSync(folder, { recursive: true }))
const recorders: Recorder[] = []
afterEach(() => {
  for (const recorder of recorders.splice(0)) recorder.stop()
})

async function recorded(run: (connect: (address?: string) => MemoryClient) => Promise<void>): Promise<Recorder> {
  const tested = testServer((c) => (c.path === '/large' ? c.text('x'.repeat(100_000)) : c.text(c.path)))
  const recorder = new Recorder(() => {}, {
    bounds: { segment: 64_000, segments: 8, pieces: 160, connection: 256_000, all: 1e7, closed: 10 },
  })
  recorder.watch(tested.server)
  recorders.push(recorder)
  await run((address = '127.0.0.1') => tested.connect({ address }))
  return recorder
}

const get = (path: string, more = ''): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

/** What tshark says of the packets, a line of fields for each. */
async function dissected(recorder: Recorder, fields: readonly string[], filter = ''): Promise<string[]> {
  const file = join(folder, 'some.pcapng')
  writeFileSync(file, toPcapng(recorder))
  const asked = fields.flatMap((field) => ['-e', field])
  const checks = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE', '-d', 'tcp.port==80,http']
  const args = ['-r', file, ...checks, ...(filter ? ['-Y', filter] : []), '-T', 'fields', ...asked]
  const { stdout } = await runTool(tshark.path, args)
  return stdout.split('\n').filter(Boolean)
}

withTools(tshark)('a capture of what was recorded', { timeout: 60_000 }, () => {
  it('is read by tshark: requests, replies, who ended, and why in a comment', async () => {
    const recorder = await recorded(async (connect) => {
      const client = connect()
      client.send(get('/one'))
      client.send(get('/two', 'Connection: close\r\n'))
      while (client.state === 'open') await client.changed()
      client.end()
      await vi.waitFor(() => expect(recorders[0]!.state.totals.closed).toBe(1))
    })
    expect(await dissected(recorder, ['http.request.uri'], 'http.request')).toEqual(['/one', '/two'])
    expect(await dissected(recorder, ['http.response.code'], 'http.response')).toEqual(['200', '200'])
    expect(await dissected(recorder, ['ip.src', 'tcp.flags.fin'], 'tcp.flags.fin==1')).toHaveLength(2)
    expect((await dissected(recorder, ['frame.comment'], 'frame.comment')).join(' ')).toContain(
      'client-asked: The request said',
    )
    // Nothing is out of place: no checksum, no number, no missing segment.
    expect(
      await dissected(
        recorder,
        ['frame.number'],
        'tcp.analysis.flags || tcp.checksum.status==0 || ip.checksum.status==0 || _ws.malformed',
      ),
    ).toEqual([])
  })

  it('says what was refused, and who broke off', async () => {
    const recorder = await recorded(async (connect) => {
      const bad = connect()
      bad.send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
      while (bad.state === 'open') await bad.changed()
      bad.end()
      const gone = connect()
      gone.send(get('/'))
      gone.reset()
      await new Promise((resolve) => setImmediate(resolve))
    })
    expect((await dissected(recorder, ['frame.comment'], 'frame.comment')).join('\n')).toMatch(
      /HOST_REPEATED at byte 31 \(RFC 9112/,
    )
    expect(await dissected(recorder, ['frame.number'], 'tcp.flags.reset==1')).not.toEqual([])
  })

  it('has holes where bytes were not kept, and IPv6 where clients had that', async () => {
    const recorder = await recorded(async (connect) => {
      const client = connect('2001:db8::7')
      client.send(get('/large'))
      while (client.received.length < 100_000) await client.changed()
      client.send(get('/behind'))
      while (!client.received.endsWith('/behind')) await client.changed()
    })
    expect(await dissected(recorder, ['ipv6.src'], 'http.request.uri=="/behind"')).toEqual(['2001:db8::7'])
    const lost = await dissected(recorder, ['frame.number'], 'tcp.analysis.lost_segment')
    expect(lost).toHaveLength(1)
    expect((await dissected(recorder, ['frame.comment'], 'frame.comment')).join(' ')).toContain('were not kept')
    expect(await dissected(recorder, ['frame.number'], 'tcp.checksum.status==0 || _ws.malformed')).toEqual([])
  })
})

it('is a section with an interface, however little was recorded', () => {
  const recorder = new Recorder(() => {})
  recorders.push(recorder)
  const bytes = Buffer.from(toPcapng(recorder))
  expect(bytes.readUInt32LE(0)).toBe(0x0a0d0d0a)
  const length = bytes.readUInt32LE(4)
  expect(bytes.readUInt32LE(length)).toBe(1)
  expect(bytes.readUInt32LE(length + 4)).toBe(bytes.length - length)
})
