import { randomBytes } from 'node:crypto'
import { chunkPrefix, trailerSection } from '@spillway/parser/serialize'
import { type Try, last, request, single } from './try.ts'

const chunked: Try = {
  title: 'Chunked upload',
  note: 'Content whose length nobody knows yet: each chunk says its own, an empty one ends it, and trailer fields follow. The handler reads as it comes.',
  async run(bench) {
    const dialogue = await bench.open()
    const fields = [
      `Host: ${bench.host}`,
      'Content-Type: text/plain',
      'Transfer-Encoding: chunked',
      'Trailer: X-Pieces',
    ]
    const pieces = ['It comes in pieces, ', 'cut where the sender liked, ', 'and each says how long it is.']
    const wire = pieces.map((piece) => `${chunkPrefix(piece.length)}${piece}\r\n`)
    dialogue.ask('POST', request('POST', '/api/upload', ...fields, last))
    await dialogue.drip(wire, 150)
    dialogue.send(trailerSection([['X-Pieces', String(pieces.length)]]))
    const answer = await dialogue.answer()
    await dialogue.closed
    return [['The handler says', answer?.text.trim() ?? 'nothing']]
  },
}

const goOn: Try = {
  title: 'Expect: 100-continue',
  note: 'The client asks before it sends: an interim reply says that the content is wanted. A handler that refuses by the head alone would have saved it the upload.',
  async run(bench) {
    const dialogue = await bench.open()
    const fields = [`Host: ${bench.host}`, 'Content-Length: 13', 'Expect: 100-continue', last]
    dialogue.ask('POST', request('POST', '/api/upload', ...fields))
    await dialogue.received('HTTP/1.1 100 Continue\r\n\r\n'.length)
    dialogue.send('Hello, server')
    const answer = await dialogue.answer()
    await dialogue.closed
    return [['The handler says', answer?.text.trim() ?? 'nothing']]
  },
}

const compressed: Try = {
  title: 'Compressed reply',
  note: 'The client says what it can unpack, the server chooses, and Vary tells caches that the choice depends on it.',
  async run(bench) {
    const dialogue = await bench.open()
    dialogue.ask('GET', bench.get('/loop.html', 'Accept-Encoding: gzip', last))
    const answer = await dialogue.answer()
    await dialogue.closed
    if (!answer) return []
    const plain = await bench.open('plain')
    plain.ask('GET', bench.get('/loop.html', last))
    const whole = await plain.answer()
    await plain.closed
    const saved = whole ? ` of ${whole.length}` : ''
    return [['Content', `${answer.length} bytes${saved}, ${answer.fields.get('content-encoding') ?? 'not encoded'}`]]
  },
}

/** A frame as clients send it, masked (RFC 6455 §5.2). */
function frame(opcode: number, content: string): Uint8Array {
  const mask = randomBytes(4)
  const masked = Buffer.from(content).map((byte, i) => byte ^ mask[i % 4]!)
  return Buffer.concat([Uint8Array.of(0x80 | opcode, 0x80 | masked.length), mask, masked])
}

const webSocket: Try = {
  title: 'WebSocket',
  note: 'A request to leave HTTP: after 101 the same connection speaks frames. The client’s are masked, so they look like noise; the server sends back what it got.',
  async run(bench) {
    const dialogue = await bench.open()
    const key = randomBytes(16).toString('base64')
    const fields = [
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${key}`,
    ]
    dialogue.ask('GET', bench.get('/api/ws', ...fields))
    await dialogue.answer()
    const before = dialogue.run.total.received
    dialogue.send(frame(1, 'Hello, WebSocket'))
    await dialogue.received(before + 18)
    dialogue.send(frame(8, ''))
    await dialogue.closed
  },
}

const crashLate: Try = {
  title: 'Crash in mid-reply',
  note: 'The handler fails when half of the reply is out already. The server cuts the connection, so that the client sees a truncated message and never a complete-looking one.',
  async run(bench) {
    const dialogue = await bench.open()
    dialogue.ask('GET', bench.get('/api/crash-late'))
    await dialogue.closed
  },
}

export const contentTries: Readonly<Record<string, Try>> = {
  chunked,
  continue: goOn,
  range: single(
    'Range request',
    'A hundred bytes out of the middle of a file. 206 says that this is a part, and Content-Range which one.',
    'GET',
    (host) => request('GET', '/icon.svg', `Host: ${host}`, 'Range: bytes=100-199', last),
  ),
  compressed,
  websocket: webSocket,
  crash: single(
    'Crash in a handler',
    'The handler throws before anything was sent. The client gets a 500 without a word about what went wrong inside, and the server goes on.',
    'GET',
    (host) => request('GET', '/api/crash', `Host: ${host}`, last),
  ),
  'crash-late': crashLate,
}
