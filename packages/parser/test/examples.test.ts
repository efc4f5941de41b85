/* The examples run as they are, with this Node, on the built package. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { execFile } from '@spillway/vitest-config/tools'
import { describe, expect, test } from 'vitest'

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
  'capture.mjs': `0: GET /first?x=1
    host: a.example
    accept: */*
57: POST /second
    host: a.example
    transfer-encoding: chunked
    5 bytes of data
    digest: x (trailer)
178: FIELD_NAME_WHITESPACE: Field name whitespace: in it or behind it. (RFC 9112 §5.1)
`,
}

describe.skipIf(!built)('examples', { timeout: 30_000 }, () => {
  test.each(Object.keys(outputs))('%s', async (name) => {
    const file = fileURLToPath(new URL(`../examples/${name}`, import.meta.url))
    const { stdout } = await run(process.execPath, [file], { timeout: 20_000 })
    expect(stdout).toBe(outputs[name])
  })
})
