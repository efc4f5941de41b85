import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AbortedError, type Outcome, type Server } from '@spillway/core'
import { type FilePart, type MultipartLimits, multipart } from '@spillway/middleware/multipart'
import { problemOf } from '@spillway/middleware/problem'
import { withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { comesToRest } from './rest.ts'
import { parts } from '../src/lib/multipart/parts.ts'
import { curl, curlTool } from './curl.ts'
import { start } from './server.ts'
import { ask, open } from './wire.ts'

const boundary = '----WebKitFormBoundaryX'
const type = `Content-Type: multipart/form-data; boundary=${boundary}`
const field = (name: string, value: string) => part(`Content-Disposition: form-data; name="${name}"`, value)
const file = (name: string, content: string) =>
  part(
    `Content-Disposition: form-data; name="${name}"; filename="${name}.txt"\r\nContent-Type: Text/Plain; x=y`,
    content,
  )
const part = (head: string, content: string) => `--${boundary}\r\n${head}\r\n\r\n${content}\r\n`
const end = `--${boundary}--\r\n`

async function* pieces(bytes: Buffer, ...cuts: number[]): AsyncGenerator<Uint8Array> {
  for (let i = 0; i <= cuts.length; i++) yield bytes.subarray(cuts[i - 1] ?? 0, cuts[i] ?? bytes.length)
}

/** Everything that a form says, files as text. */
async function readAll(source: AsyncGenerator<Uint8Array>, limits: MultipartLimits = {}): Promise<unknown[]> {
  const all: unknown[] = []
  for await (const each of parts(source, boundary, limits))
    if (each.kind === 'field') all.push([each.name, each.value])
    else all.push([each.name, each.filename, each.type, String(await each.bytes())])
  return all
}

const read = (text: string | Buffer, limits: MultipartLimits = {}) =>
  readAll(pieces(Buffer.from(text as string)), limits)

const framed = (text: string | Buffer) => [`${text.length.toString(16)}\r\n`, text, '\r\n']

/** A server that reports what it read. */
function app(limits: MultipartLimits = {}): Promise<Server> {
  return start(
    async (c) => {
      const all: unknown[] = []
      for await (const each of multipart(c, limits))
        if (each.kind === 'field') all.push([each.name, each.value])
        else {
          const hash = createHash('sha1')
          for await (const chunk of each) hash.update(chunk)
          all.push([each.name, each.filename, each.type, hash.digest('hex')])
        }
      return c.json(all)
    },
    { onError: problemOf },
  )
}

describe('the grammar', () => {
  const nasty = `a\r\n--${boundary.slice(0, -1)}\r\n\r--\r\n-\n\r\n--`
  const message =
    `preamble\r\n--${boundary} \t\r\n` +
    field('first', 'é\r\n').slice(boundary.length + 4) +
    file('a', nasty) +
    file('b', '') +
    part('content-disposition: Form-Data; filename="C:\\\\dir\\\\%22q%22.txt"; name=x', '\r\n') +
    `--${boundary}\r\nContent-Disposition: form-data; name="head only"\r\n\r\n` +
    field('', '') +
    `--${boundary}--  \r\nepilogue --${boundary}\r\n`
  const bytes = Buffer.from(message)
  const expected = [
    ['first', 'é\r\n'],
    ['a', 'a.txt', 'text/plain', nasty],
    ['b', 'b.txt', 'text/plain', ''],
    ['x', '"q".txt', 'application/octet-stream', '\r\n'],
    ['head only', ''],
    ['', ''],
  ]

  test('a message in one piece', async () => {
    expect(await readAll(pieces(bytes))).toEqual(expected)
  })

  test('cut at every point, and into single bytes', async () => {
    for (let i = 1; i < bytes.length; i++) expect([i, await readAll(pieces(bytes, i))]).toEqual([i, expected])
    for (let i = 1; i < bytes.length - 4; i++)
      expect([i, await readAll(pieces(bytes, i, i + 1, i + 4))]).toEqual([i, expected])
    expect(await readAll(pieces(bytes, ...bytes.keys()))).toEqual(expected)
  })

  test('a message that ends anywhere before its end is refused', async () => {
    const complete = bytes.lastIndexOf(`--${boundary}--`) + boundary.length + 4
    for (let i = 0; i < complete; i++) {
      const error = await readAll(pieces(bytes.subarray(0, i))).catch((e: unknown) => e)
      expect([i, error]).toEqual([i, expect.objectContaining({ status: 400, code: 'MULTIPART_INVALID' })])
    }
  })

  test.each<[string, string | Buffer, string]>([
    ['no part at all', '', 'ends'],
    ['something else', 'a=b&c=d', 'ends'],
    ['bare line feeds', (field('a', 'b') + end).replaceAll('\r\n', '\n'), 'delimiter'],
    ['a delimiter with more behind it', `--${boundary}x\r\n${field('a', 'b')}${end}`, 'delimiter'],
    ['a part without a name', part('Content-Disposition: form-data', 'x') + end, 'no name'],
    ['a part without a disposition', part('Content-Type: text/plain', 'x') + end, 'no name'],
    ['a part without a head', `--${boundary}\r\n\r\nx\r\n${end}`, 'no name'],
    ['another disposition', part('Content-Disposition: attachment; name=a', 'x') + end, 'no name'],
    [
      'two dispositions',
      part('Content-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b', '') + end,
      'two',
    ],
    ['two names', part('Content-Disposition: form-data; name=a; name=b', '') + end, 'no name'],
    ['two filenames', part('Content-Disposition: form-data; name=a; filename=a; Filename=b', '') + end, 'no name'],
    [
      'an extended filename of no charset',
      part("Content-Disposition: form-data; name=a; filename*=''b", '') + end,
      'filename',
    ],
    ['one that is cut', part("Content-Disposition: form-data; name=a; filename*=utf-8''%c3", '') + end, 'filename'],
    [
      'one that is not encoded',
      part("Content-Disposition: form-data; name=a; filename*=utf-8''é", '') + end,
      'no name',
    ],
    ['two quotes', part('Content-Disposition: form-data; name="a" b="', '') + end, 'no name'],
    ['a quote without an end', part('Content-Disposition: form-data; name="a', '') + end, 'no name'],
    ['a quote that may be the end', part('Content-Disposition: form-data; name="a\\"; b"', '') + end, 'no name'],
    [
      'content in a coding of its own',
      part('Content-Disposition: form-data; name=a\r\nContent-Transfer-Encoding: base64', 'YQ==') + end,
      'transfer',
    ],
    ['a field that is not in UTF-8', Buffer.from(field('a', '\xe9') + end, 'latin1'), 'charset'],
    ['a field without a colon', part('Content-Disposition form-data; name=a', 'x') + end, 'head'],
    ['a folded line', part('Content-Disposition: form-data;\r\n name=a', 'x') + end, 'head'],
    ['a NUL in the head', part('Content-Disposition: form-data; name="a\0"', 'x') + end, 'head'],
    ['a lone CR in the head', part('Content-Disposition: form-data; name="a\rb"', 'x') + end, 'head'],
    [
      'an unknown charset',
      part('Content-Disposition: form-data; name=a\r\nContent-Type: text/plain; charset=x', '') + end,
      'charset',
    ],
  ])('refuses %s', async (_, text, reason) => {
    await expect(read(text)).rejects.toMatchObject({ status: 400, message: expect.stringContaining(reason) })
  })

  test.each<[string, unknown[]]>([
    ['form-data; name="__proto__"', ['__proto__', 'x']],
    ['form-data; name="a[b]"', ['a[b]', 'x']],
    ['form-data; name="naïve ✓"', ['naïve ✓', 'x']],
    ['form-data; name=""', ['', 'x']],
    // As browsers and Node write them: only line breaks and quotes are encoded, and a backslash is one.
    ['form-data; name="%22"', ['"', 'x']],
    ['form-data; name="a%0D%0Ab%0dc"', ['a\r\nb\rc', 'x']],
    ['form-data; name="100%25 %41 %5C"', ['100%25 %41 %5C', 'x']],
    ['form-data; name="a\\b"', ['a\\b', 'x']],
    ['form-data; name="a\\\\b"', ['a\\\\b', 'x']],
    ['form-data; name="dir\\"', ['dir\\', 'x']],
    ['form-data; name="\\"', ['\\', 'x']],
    ['form-data; name="f"; filename=""', ['f', '', 'application/octet-stream', 'x']],
    ['form-data; name="f\\"; filename="ü.txt"', ['f\\', 'ü.txt', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="dir\\"', ['f', 'dir\\', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="a\\b"', ['f', 'a\\b', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="a;b=c"', ['f', 'a;b=c', 'application/octet-stream', 'x']],
    // As others write them.
    ['form-data; name="a\\"b"', ['a"b', 'x']],
    ['form-data; name=f ;\tfilename=x ', ['f', 'x', 'application/octet-stream', 'x']],
    ['Form-Data; FileName="x"; NAME="f"', ['f', 'x', 'application/octet-stream', 'x']],
    // No directories.
    ['form-data; name="f"; filename="../../etc/passwd"', ['f', 'passwd', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename=".."', ['f', '', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="a/"', ['f', '', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="C:\\Users\\me\\foto.jpg"', ['f', 'foto.jpg', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="\\\\host\\share\\foto.jpg"', ['f', 'foto.jpg', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="a\\..\\..\\foto.jpg"', ['f', 'foto.jpg', 'application/octet-stream', 'x']],
    ['form-data; name="f"; filename="..\\"', ['f', '', 'application/octet-stream', 'x']],
    // The extended form is what its sender means.
    [
      `form-data; name="f"; filename="=?utf-8?B?w6k=?="; filename*=UTF-8''%C3%A9.txt`,
      ['f', 'é.txt', 'application/octet-stream', 'x'],
    ],
    [`form-data; name="f"; filename*=utf-8'en'%2e%2e%2Fb`, ['f', 'b', 'application/octet-stream', 'x']],
  ])('%s', async (disposition, values) => {
    expect(await read(part(`Content-Disposition: ${disposition}`, 'x') + end)).toEqual([values])
  })

  test.each(['a%22b', 'a%0D%0Ab%0dc', '100%25 %41 %5C', 'a\\b', 'a\\\\b', 'dir\\', 'naïve ✓', ''])(
    'the name %s is what fetch reads',
    async (name) => {
      const form = part(`Content-Disposition: form-data; name="${name}"; filename="${name}"`, 'x') + end
      const headers = { 'Content-Type': type.slice(14) }
      const [[read0, file0] = []] = [...(await new Response(Buffer.from(form), { headers }).formData())]
      expect(await read(form)).toEqual([[read0, (file0 as File).name, 'application/octet-stream', 'x']])
    },
  )
})

describe('limits', () => {
  test.each<[string, string, MultipartLimits, MultipartLimits]>([
    ['fields', field('a', '1') + field('b', '2'), { fields: 2 }, { fields: 1 }],
    ['files', file('a', '1') + file('b', '2'), { files: 2, fields: 0 }, { files: 1 }],
    ['bytes of a field', field('a', 'x'.repeat(100)), { fieldBytes: 100 }, { fieldBytes: 99 }],
    ['bytes of a file', file('a', 'x'.repeat(100)), { fileBytes: 100, fieldBytes: 1 }, { fileBytes: 99 }],
    ['bytes of a head', field('a'.repeat(50), ''), { headBytes: 90 }, { headBytes: 80 }],
  ])('%s', async (_, text, enough, less) => {
    expect(await read(text + end, enough)).not.toEqual([])
    await expect(read(text + end, less)).rejects.toMatchObject({ status: 413 })
  })

  test('a head without an end is not collected', async () => {
    let sent = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from(`--${boundary}\r\nX: `)
      for (;;) yield Buffer.alloc(1000, (sent++, 'x'))
    }
    await expect(readAll(endless())).rejects.toMatchObject({ status: 413, code: 'PART_HEAD_TOO_LARGE' })
    expect(sent).toBeLessThan(12)
  })

  test('a file that is passed over counts, too', async () => {
    const source = parts(pieces(Buffer.from(file('a', 'x'.repeat(100)) + end)), boundary, { fileBytes: 50 })
    await source.next()
    await expect(source.next()).rejects.toMatchObject({ status: 413 })
  })

  test('beyond its limit a file stays refused, also for who goes on with the next part', async () => {
    const bytes = Buffer.from(file('a', 'x'.repeat(60)) + field('b', 'c') + end)
    for (let cut = 1; cut < bytes.length; cut++) {
      const seen: unknown[] = []
      const reading = (async () => {
        for await (const each of parts(pieces(bytes, cut), boundary, { fileBytes: 20 }))
          if (each.kind === 'file') await each.bytes().catch((error: unknown) => seen.push(error))
          else seen.push(each.name)
      })()
      await expect(reading).rejects.toMatchObject({ status: 413 })
      expect(seen).toMatchObject([{ status: 413 }])
    }
  })

  test('the whole is counted over the wire, and the client reads the answer', async () => {
    const content = file('a', 'x'.repeat(2_000_000)) + end
    expect((await ask(await app(), 'POST /', { fields: [type], content })).status).toBe(413)
    expect((await ask(await app({ totalBytes: 3_000_000 }), 'POST /', { fields: [type], content })).status).toBe(200)
    const refused = await ask(await app({ totalBytes: 3e6, fileBytes: 1e6 }), 'POST /', { fields: [type], content })
    expect(JSON.parse(String(refused.content))).toMatchObject({ status: 413, code: 'CONTENT_TOO_LARGE' })
  })
})

test.each([
  ['text/plain', 415],
  ['multipart/mixed; boundary=x', 415],
  ['multipart/form-data\ta; boundary=x', 415],
  ['multipart/form-data', 400],
  [`multipart/form-data; boundary=${boundary}; boundary=x`, 415],
  ['multipart/form-data; boundary=""', 400],
  ['multipart/form-data; boundary="x "', 400],
  [`multipart/form-data; boundary=${'x'.repeat(71)}`, 400],
  [`multipart/form-data; boundary="${boundary}"; charset=utf-8`, 200],
  [`Multipart/Form-Data; Boundary=${boundary}`, 200],
])('Content-Type: %s is %i', async (value, status) => {
  const content = field('a', 'b') + end
  expect((await ask(await app(), 'POST /', { fields: [`Content-Type: ${value}`], content })).status).toBe(status)
})

test('compressed uploads are refused', async () => {
  const fields = [type, 'Content-Encoding: gzip']
  expect((await ask(await app(), 'POST /', { fields, content: end })).status).toBe(415)
})

test('what is not read is passed over, and gone', async () => {
  const source = parts(pieces(Buffer.from(file('a', 'aaa') + file('b', 'bbb') + field('c', 'ccc') + end)), boundary, {})
  const first = (await source.next()).value as FilePart
  const second = (await source.next()).value!
  expect(second).toMatchObject({ kind: 'file', name: 'b' })
  await expect(first.bytes()).rejects.toThrow('the next part has been asked for')
  expect((await source.next()).value).toEqual({ kind: 'field', name: 'c', value: 'ccc' })
  expect((await source.next()).done).toBe(true)
})

test('a slow reader slows the client down', async () => {
  let release: (() => void) | undefined
  const waiting = new Promise<void>((resolve) => (release = resolve))
  let size = 0
  const server = await start(async (c) => {
    for await (const each of multipart(c, { totalBytes: 1e9 }))
      if (each.kind === 'file')
        for await (const chunk of each) {
          if (size === 0) await waiting
          size += chunk.length
        }
    return c.text(String(size))
  })
  const total = 60_000_000
  const socket = open(server, 'POST /', [type, 'Transfer-Encoding: chunked'])
  let sent = 0
  const feed = (async () => {
    for (const each of framed(file('big', '').slice(0, -2))) socket.write(each)
    const block = Buffer.alloc(100_000)
    for (; sent < total; sent += block.length) {
      let room = true
      for (const each of framed(block)) room = socket.write(each)
      if (!room) await once(socket, 'drain')
    }
    for (const each of [...framed(`\r\n${end}`), '0\r\n\r\n']) socket.write(each)
  })()
  await comesToRest(() => sent)
  expect(sent).toBeLessThan(total / 2)
  release!()
  await feed
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(String(answer)).toContain(`\r\n\r\n${total}`)
}, 30_000)

test('whoever reads learns of a client that leaves in the middle', async () => {
  const outcomes: Outcome[] = []
  const errors: unknown[] = []
  const reached = vi.fn<() => void>()
  const server = await start(async (c) => {
    c.done((outcome) => outcomes.push(outcome))
    try {
      for await (const each of multipart(c)) if (each.kind === 'file') for await (const _ of each) reached()
    } catch (error) {
      errors.push(error)
      throw error
    }
    return c.empty()
  })
  const socket = open(server, 'POST /', [type, 'Content-Length: 5000'])
  socket.write(file('a', 'half'.repeat(100)).slice(0, -3))
  await vi.waitFor(() => expect(reached).toHaveBeenCalled())
  socket.resetAndDestroy()
  await vi.waitFor(() => expect(outcomes).toMatchObject([{ kind: 'aborted', by: 'peer' }]))
  expect(errors).toEqual([expect.any(AbortedError)])
})

test('a reader that breaks off answers all the same', async () => {
  const server = await start(async (c) => {
    for await (const each of multipart(c)) return c.text(each.name)
    return c.empty()
  })
  const content = file('a', 'x'.repeat(300_000)) + end
  expect(String((await ask(server, 'POST /', { fields: [type], content })).content)).toBe('a')
})

describe('real clients', () => {
  const content = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251))
  const sha1 = createHash('sha1').update(content).digest('hex')

  test('fetch', async () => {
    const form = new FormData()
    form.append('title', 'Größe\r\n"x"')
    form.append('photo', new Blob([content], { type: 'image/png' }), 'größe "1".png')
    const reply = await fetch((await app()).url, { method: 'POST', body: form })
    expect(await reply.json()).toEqual([
      ['title', 'Größe\r\n"x"'],
      ['photo', 'größe "1".png', 'image/png', sha1],
    ])
  })

  withTools(curlTool)('with curl', () => {
    test('curl', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'spillway-curl-'))
      onTestFinished(() => rmSync(folder, { recursive: true }))
      writeFileSync(join(folder, 'a b.bin'), content)
      const { url } = await app()
      const output = await curl('-F', 'title=x;y', '-F', `f=@${join(folder, 'a b.bin')};type=a/b`, url)
      expect(JSON.parse(output)).toEqual([
        ['title', 'x'],
        ['f', 'a b.bin', 'a/b', sha1],
      ])
    })
  })
})

/** 200 MB, or as much as SPILLWAY_UPLOAD_BYTES says; 5 GB take a minute. */
test('memory stays flat', { timeout: 600_000 }, async () => {
  const total = Number(process.env['SPILLWAY_UPLOAD_BYTES'] ?? 200_000_000)
  let size = 0
  let highest = 0
  const before = process.memoryUsage().rss
  const server = await start(async (c) => {
    for await (const each of multipart(c, { totalBytes: Infinity }))
      if (each.kind === 'file')
        for await (const chunk of each) {
          if (size >> 24 !== (size + chunk.length) >> 24) highest = Math.max(highest, process.memoryUsage().rss)
          size += chunk.length
        }
    return c.text(String(size))
  })
  const [head, tail] = [file('big', '').slice(0, -2), `\r\n${end}`]
  const socket = open(server, 'POST /', [type, `Content-Length: ${head.length + total + tail.length}`])
  const answer = once(socket, 'data') as Promise<[Buffer]>
  socket.write(head)
  const block = Buffer.alloc(256 * 1024, 'Line of text\r\n--')
  for (let left = total; left > 0; left -= block.length)
    if (!socket.write(block.subarray(0, Math.min(left, block.length)))) await once(socket, 'drain')
  socket.write(tail)
  expect(String((await answer)[0])).toContain(`\r\n\r\n${total}`)
  expect((highest - before) / 1e6).toBeLessThan(100)
})
