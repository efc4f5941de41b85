import { Agent, request as httpRequest } from 'node:http'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Context, type Reply, type Server, serve } from '../../src/index.ts'
import { muteErrors } from '../support.ts'

muteErrors()

const program = findTool('curl')
let server: Server
let connections = 0
const peers = new Set<number>()

async function handler(c: Context): Promise<Reply> {
  peers.add(c.peer.port)
  if (c.path === '/stream')
    return c.stream(
      (async function* () {
        for (let i = 0; i < 5; i++) yield `piece ${i}\n`
      })(),
    )
  if (c.path === '/refuse') return c.text('refused', 403)
  const content = await c.body.text(10_000_000)
  return c.text(`${c.method} ${c.httpVersion} ${content.length} ${content.slice(0, 20)}`)
}

beforeAll(async () => {
  server = await serve(handler, { port: 0 })
})
afterAll(() => server.close({ deadline: 100 }))

/** Runs curl; its exit code must be 0. */
function curl(args: readonly string[], input = ''): Promise<{ out: string; err: string }> {
  return new Promise((resolve, reject) => {
    const child = execFile(program.path, ['-sS', '--max-time', '20', ...args], (error, out, err) =>
      error ? reject(new Error(`${error.message} ${err}`)) : resolve({ out, err }),
    )
    // A client that was refused stops reading what it was to send.
    child.stdin!.on('error', () => {}).end(input)
  })
}

withTools(program)('curl', () => {
  it('GET', async () => {
    expect((await curl([server.url])).out).toBe('GET 1.1 0 ')
  })

  it('several requests on one connection', async () => {
    const before = peers.size
    const { out } = await curl([`${server.url}/a`, `${server.url}/stream`, `${server.url}/b`])
    expect(out).toBe(`GET 1.1 0 ${[0, 1, 2, 3, 4].map((i) => `piece ${i}\n`).join('')}GET 1.1 0 `)
    expect(peers.size).toBe(before + 1)
  })

  it('POST with a length', async () => {
    expect((await curl(['-d', 'some content', server.url])).out).toBe('POST 1.1 12 some content')
  })

  it('PUT in chunks (RFC 9112 §7.1)', async () => {
    expect((await curl(['-T', '-', server.url], 'x'.repeat(200_000))).out).toBe(`PUT 1.1 200000 ${'x'.repeat(20)}`)
  })

  it('waits for 100 (Continue) and gets it (RFC 9110 §10.1.1)', async () => {
    // Were it not sent, curl would wait longer than it may run.
    const args = ['-v', '--expect100-timeout', '60', '-H', 'Expect: 100-continue', '--data-binary', '@-', server.url]
    const { out, err } = await curl(args, 'y'.repeat(100_000))
    expect(out).toBe(`POST 1.1 100000 ${'y'.repeat(20)}`)
    expect(err).toContain('100 Continue')
  })

  it('is refused in place of 100', async () => {
    const args = ['--expect100-timeout', '60', '-H', 'Expect: 100-continue', '--data-binary', '@-']
    const { out } = await curl([...args, `${server.url}/refuse`], 'y'.repeat(100_000))
    expect(out).toBe('refused')
  })

  it('HTTP/1.0', async () => {
    expect((await curl(['-0', server.url])).out).toBe('GET 1.0 0 ')
    expect((await curl(['-0', `${server.url}/stream`])).out).toContain('piece 4\n')
    expect((await curl(['-0', '-d', 'abc', server.url])).out).toBe('POST 1.0 3 abc')
  })

  it('HEAD (RFC 9110 §9.3.2)', async () => {
    const { out } = await curl(['-I', server.url, `${server.url}/stream`])
    expect(out.match(/^HTTP\/1\.1 200 OK/gm)).toHaveLength(2)
    expect(out).toContain('Content-Length: 11')
    expect(out).toContain('Transfer-Encoding: chunked')
  })

  it('413 while it is still sending (RFC 9112 §9.6)', async () => {
    const { out } = await curl(
      ['-w', '%{http_code}', '-o', '/dev/null', '-H', 'Expect:', '-T', '-', server.url],
      'z'.repeat(30_000_000),
    )
    expect(out).toBe('413')
  })
})

/** One request through an agent. */
function ask(agent: Agent, method: string, path: string, content?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${server.url}${path}`, { agent, method }, (response) => {
      let text = `${response.statusCode} `
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () => resolve(text)).on('error', reject)
    })
    request.on('socket', (socket) => void (socket.connecting && connections++)).on('error', reject)
    request.end(content)
  })
}

describe('node:http as a client', () => {
  it('keeps its connection through requests of all kinds', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    connections = 0
    for (let i = 0; i < 10; i++) {
      expect(await ask(agent, 'GET', '/')).toBe('200 GET 1.1 0 ')
      expect(await ask(agent, 'POST', '/', 'abc')).toBe('200 POST 1.1 3 abc')
      expect(await ask(agent, 'HEAD', '/')).toBe('200 ')
      expect(await ask(agent, 'GET', '/stream')).toContain('piece 4')
    }
    expect(connections).toBe(1)
    agent.destroy()
  })

  it('many at a time', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 20 })
    const all = await Promise.all(Array.from({ length: 400 }, (_, i) => ask(agent, 'POST', '/', `${i}`)))
    expect(all).toEqual(Array.from({ length: 400 }, (_, i) => `200 POST 1.1 ${`${i}`.length} ${i}`))
    agent.destroy()
  })
})

it('fetch, many at a time', async () => {
  const all = await Promise.all(
    Array.from({ length: 200 }, async (_, i) => (await fetch(server.url, { method: 'POST', body: `${i}` })).text()),
  )
  expect(all).toEqual(Array.from({ length: 200 }, (_, i) => `POST 1.1 ${`${i}`.length} ${i}`))
})
