import { type Try, request, single } from './try.ts'

const content = 'smuggled'

/** A message that the server must reject. */
function refused(title: string, note: string, message: (host: string) => string): Try {
  return single(title, note, 'POST', message)
}

export const refusedTries: Readonly<Record<string, Try>> = {
  'large-head': {
    title: 'Head too large',
    note: 'Forty fields of a kilobyte each. The server reads to its limit, says so, and does not look at the rest.',
    async run(bench) {
      const dialogue = await bench.open()
      const fields = Array.from({ length: 40 }, (_, i) => `X-Filler-${i}: ${'x'.repeat(1000)}`)
      dialogue.ask('GET', bench.get('/api/time', ...fields))
      await dialogue.closed
    },
  },
  'cl-te': refused(
    'Two lengths (CL + TE)',
    'One field says that four bytes follow, the other that chunks do. A proxy that believes one and a server that believes the other see different requests; this one does not guess.',
    (host) =>
      `${request('POST', '/api/upload', `Host: ${host}`, 'Content-Length: 4', 'Transfer-Encoding: chunked')}0\r\n\r\n${content}`,
  ),
  'two-lengths': refused(
    'Content-Length twice',
    'Two lengths, and no rule to choose between them.',
    (host) => `${request('POST', '/api/upload', `Host: ${host}`, 'Content-Length: 8', 'Content-Length: 0')}${content}`,
  ),
  'te-obfuscated': refused(
    'Obfuscated Transfer-Encoding',
    'Is “xchunked” chunked? Somebody on the way may think so. Anything but exactly the one known coding is not understood.',
    (host) => `${request('POST', '/api/upload', `Host: ${host}`, 'Transfer-Encoding: xchunked')}0\r\n\r\n`,
  ),
  'name-space': refused(
    'Space before the colon',
    '“Transfer-Encoding :” is a known field to some programs and an unknown one to others.',
    (host) => `${request('POST', '/api/upload', `Host: ${host}`, 'Transfer-Encoding : chunked')}0\r\n\r\n`,
  ),
  'bare-lf': refused(
    'Bare line feed',
    'A line that ends in LF alone: a line end to some, part of the value to others. That is how one field hides another.',
    (host) => `GET /api/time HTTP/1.1\r\nHost: ${host}\r\nX-A: 1\nTransfer-Encoding: chunked\r\n\r\n`,
  ),
  'two-hosts': refused(
    'Two Host fields',
    'Two answers to “which site?” are how requests get past a proxy’s rules, so the server refuses to choose.',
    (host) => request('GET', '/api/time', `Host: ${host}`, 'Host: evil.example'),
  ),
  'bad-chunk': refused(
    'Chunk that lies',
    'The chunk says 5 and is longer. Where the next request would begin is anybody’s guess, so there is none.',
    (host) =>
      `${request('POST', '/api/upload', `Host: ${host}`, 'Transfer-Encoding: chunked')}5\r\nsmuggled\r\n0\r\n\r\n`,
  ),
}
