// What is copied is run: by the shell with curl, by fetch, and by printf.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { promisify } from 'node:util'
import { parseRequest } from '@spillway/parser'
import { execFile, findTool, withTools } from '@spillway/vitest-config/tools'
import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asBytes, asCurl, asFetch, asTest } from '../page/live/copy-as.ts'
import type { Told } from '../src/model/messages.ts'

const run = promisify(execFile)

/** A request as it was recorded. */
function told(line: string, fields: [string, string][], content: string | Uint8Array = ''): Told {
  const body = typeof content === 'string' ? Buffer.from(content) : content
  const head = [line, ...fields.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n')
  return { line, fields, content: body, bytes: Buffer.concat([Buffer.from(head, 'latin1'), body]), complete: true }
}

interface Came {
  readonly method: string
  readonly target: string
  readonly fields: [string, string][]
  readonly content: Buffer
}

let url = ''
const came: Came[] = []
const server = createServer((socket) => {
  let bytes = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    bytes = Buffer.concat([bytes, chunk])
    const parsed = parseRequest(bytes)
    if (parsed === null) return
    const { head, consumed, contentLength } = parsed
    if (bytes.length < consumed + contentLength) return
    const content = bytes.subarray(consumed, consumed + contentLength)
    came.push({ method: head.method, target: head.target, fields: [...head], content })
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
  })
})
beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const everything: readonly (readonly [string, Told])[] = [
  ['a plain GET', told('GET /a?b=c HTTP/1.1', [['accept', '*/*']])],
  ['quotes, dollars and backslashes', told(`GET /a'$HOME'/b HTTP/1.1`, [['x-a', `it's "$HOME" \\ \`x\``]])],
  ['globs and dots', told('GET /[1-3]/{a,b}/../c HTTP/1.1', [])],
  ['an empty value', told('GET / HTTP/1.1', [['x-empty', '']])],
  ['a field twice', told('GET / HTTP/1.1', [['x-a', '1'], ['x-a', '2']])], // prettier-ignore
  ['a form', told('POST /form HTTP/1.1', [['content-type', 'text/plain']], 'a=b&c=d')],
  ['content like a file of curl', told('POST / HTTP/1.1', [['content-type', 'text/plain']], '@/etc/passwd')],
  ['lines and quotes', told('PUT / HTTP/1.1', [['content-type', 'text/plain']], 'one\r\n\'two\'\n"three"\\n $x\n')],
  ['UTF-8', told('POST / HTTP/1.1', [['content-type', 'text/plain']], 'žluťoučký 🐴\ufeff')],
  [
    'binary',
    told(
      'POST / HTTP/1.1',
      [['content-type', 'x/y']],
      Uint8Array.from({ length: 256 }, (_, i) => i),
    ),
  ],
  ['a zero', told('POST / HTTP/1.1', [['content-type', 'x/y']], 'a\0b')],
  ['an own method', told('PURGE /x HTTP/1.1', [])],
  ['DELETE with content', told('DELETE /x HTTP/1.1', [['content-type', 'text/plain']], 'why')],
]

interface Said {
  readonly method: string
  readonly target: string
  readonly fields: object
  readonly content: string
}

/** What a request says, of the fields those with these names: the tools add others. */
function saidBy({ method, target, fields, content }: Came, names: ReadonlySet<string>): Said {
  const values = [...names].map((name) => [name, fields.filter(([one]) => one === name).map(([, value]) => value)])
  return { method, target, fields: values, content: content.toString('base64') }
}

/** What came, and what was recorded. */
function both({ line, fields, content }: Told): [came: Said, recorded: Said] {
  const [method = '', target = ''] = line.split(' ')
  const names = new Set(fields.map(([name]) => name))
  const recorded = { method, target, fields: [...fields] as Came['fields'], content: Buffer.from(content) }
  const [said, meant] = [saidBy(came.at(-1)!, names), saidBy(recorded, names)]
  // A list may come in one line or in several.
  return [joined(said), joined(meant)]
}

function joined(said: Said): Said {
  return { ...said, fields: (said.fields as [string, string[]][]).map(([name, all]) => [name, all.join(', ')]) }
}

withTools(findTool('curl'))('as curl', () => {
  it.each(everything)('%s', async (_, request) => {
    came.length = 0
    await run('sh', ['-c', asCurl(request, url)])
    const [said, recorded] = both(request)
    expect(said).toEqual(recorded)
  })

  it('keeps a Host that is another, and says that it is HTTP/2', () => {
    expect(asCurl(told('GET / HTTP/2', [['host', 'shop.example']]), url)).toMatch(
      /--http2-prior-knowledge[^]*-H 'Host: shop\.example'/,
    )
    expect(asCurl(told('GET / HTTP/1.1', [['host', new URL(url).host]]), url)).not.toContain('Host')
  })
})

describe('as fetch', () => {
  // eslint-disable-next-line no-empty-function
  const AsyncFunction = (async () => {}).constructor as new (code: string) => () => Promise<void>

  it.each(everything.filter(([, { line }]) => !/\.\.|['"`{]/.test(line)))('%s', async (_, request) => {
    came.length = 0
    await new AsyncFunction(asFetch(request, url))()
    const [said, recorded] = both(request)
    expect(said).toEqual(recorded)
  })

  it('says when fetch cannot send the content', async () => {
    const code = asFetch(told('GET / HTTP/1.1', [], 'x'), url)
    expect(code).toContain('fetch does not send')
    await new AsyncFunction(code)()
  })
})

describe('as bytes', () => {
  it('any bytes come out of printf as they were', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 300 }), async (bytes) => {
        const line = asBytes({ ...told('GET / HTTP/1.1', []), bytes }, url)
        const printf = line.slice(0, line.lastIndexOf(' | nc '))
        const { stdout } = await run('sh', ['-c', printf], { encoding: 'buffer' })
        expect(stdout.equals(bytes)).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  it('goes over TLS where the server does', () => {
    expect(asBytes(told('GET / HTTP/1.1', []), 'https://localhost')).toMatch(/ \| openssl s_client .*localhost:443$/)
  })
})

describe('as a test', () => {
  it('expects the status that there was, and may have any content', () => {
    const code = asTest(told('POST /a"b HTTP/1.1', [], Uint8Array.of(0, 255)), 201)
    expect(code).toContain('toBe(201)')
    expect(code).toContain('"/a\\"b"')
    expect(code).toContain('atob("AP8=")')
  })
})
