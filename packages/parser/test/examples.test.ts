/* The examples run as they are, with this Node, on the built package. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile, spawn } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test } from 'vitest'

const run = promisify(execFile)
const built = existsSync(new URL('../dist/index.js', import.meta.url))
if (!built) process.stderr.write('parser: the package is not built (npm run build), so the examples are not run\n')

const outputs: Record<string, string> = {
  'proxy.mjs': `server: POST /form 1.1 proxy
server: hello
client: HTTP/1.1 204 No Content
refused: CODING_WITH_LENGTH at 82
client: HTTP/1.1 400 Bad Request
`,
  'mock-client.mjs': '200 OK\n103 </a.css>\n200 OK\nhi\n',
  'transactions.mjs': `0: HEAD /a (0 bytes) -> 200 OK (0 bytes)
1: GET /b (0 bytes) -> 103 Early Hints, 404 Not Found (4 bytes)
for another request: ended
`,
  'observe.mjs': `0 request 7: INVALID_VERSION strict: answers 400 and closes the connection lenient: many servers split the request line at its blanks and hand its parts on
0 request 17: INVALID_LINE_END strict: answers 400 and closes the connection lenient: nginx, curl and browsers take a line feed alone for the end of a line
0 request 33: INVALID_LINE_END strict: answers 400 and closes the connection lenient: nginx, curl and browsers take a line feed alone for the end of a line
0 request 34: INVALID_LINE_END strict: answers 400 and closes the connection lenient: nginx, curl and browsers take a line feed alone for the end of a line
0 request 0: GET /a b
0 response 0: 49 bytes are of no message, or missing
0 response 61: INVALID_STATUS strict: reads no further; a gateway answers 502 lenient: user agents read a status line that ends behind its status
0 response 78: OBSOLETE_FOLDING strict: reads no further; a gateway answers 502 lenient: user agents and proxies put spaces in place of the line end
0 response 49: 200 [ [ 'X-Folded', 'one   two' ], [ 'Content-Length', '2000' ] ]
0 response 108: 4 bytes
0 response 112: 1996 bytes are of no message, or missing
1 request 35: GET /c
1 response 2108: 204 []
for another request: open
`,
  'capture.mjs': `0: GET /first?x=1
    host: a.example
    accept: */*
57: POST /second
    host: a.example
    transfer-encoding: chunked
    5 bytes of data
    digest: x (trailer)
178: FIELD_NAME_WHITESPACE: Field name whitespace: in or after it. (RFC 9112 §5.1)
`,
}

const fileOf = (name: string): string => fileURLToPath(new URL(`../examples/${name}`, import.meta.url))

/** A server that counts its requests, and its port. */
async function counting(): Promise<number> {
  let count = 0
  const server = createServer((request, response) => {
    const isKept = request.url === '/kept'
    response.setHeader('cache-control', isKept ? 'public, max-age="60"' : 'no-store').end(`${request.url} ${++count}`)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe.skipIf(!built)('examples', { timeout: 30_000 }, () => {
  test.each(Object.keys(outputs))('%s', async (name) => {
    const { stdout } = await run(process.execPath, [fileOf(name)], { timeout: 20_000 })
    expect(stdout).toBe(outputs[name])
  })

  test('har-replay.mjs', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'har-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    const entries = ['/a 1', '/b 3'].map((text) => ({
      request: {
        method: 'GET',
        url: `http://a.example${text.slice(0, 2)}`,
        headers: [{ name: 'Connection', value: 'close' }],
      },
      response: { status: 200, content: { text } },
    }))
    writeFileSync(join(folder, 'file.har'), JSON.stringify({ log: { entries } }))
    const args = [fileOf('har-replay.mjs'), join(folder, 'file.har'), String(await counting())]
    const { stdout } = await run(process.execPath, args, { timeout: 20_000 })
    expect(stdout).toBe('GET /a: 200, as recorded\nGET /b: 200, /b 2, not as recorded\n')
  })

  test('caching-proxy.mjs', async () => {
    const child = spawn(process.execPath, [fileOf('caching-proxy.mjs'), String(await counting())], { stdio: 'pipe' })
    onTestFinished(() => void child.kill())
    const [port] = (await once(child.stdout, 'data')) as [Buffer]
    const answers = []
    for (const path of ['/kept', '/kept', '/other', '/other']) {
      const answer = await fetch(`http://127.0.0.1:${String(port).trim()}${path}`)
      answers.push(await answer.text())
    }
    expect(answers).toEqual(['/kept 1', '/kept 1', '/other 2', '/other 3'])
  })

  test.each(['har-replay.mjs', 'observe.mjs', 'caching-proxy.mjs'])('%s is short', (name) => {
    expect(readFileSync(fileOf(name), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(40)
  })
})
