import { Http2Client } from '@spillway/core/http2'
import { ErrorCode } from '@spillway/parser/http2'
import type { Dialogue } from '../client.ts'
import { type Bench, type Try, milliseconds } from './try.ts'

/** Number of quick requests behind the slow one. */
const quick = 5
/** Number of requests that are cancelled at once. */
const resets = 3000

/** Starts HTTP/2 on a connection of the lab's client, with prior knowledge (RFC 9113 §3.3). */
function speak(dialogue: Dialogue): Http2Client {
  return new Http2Client(dialogue.transport(), { onChange: () => {}, onClose: () => {} })
}

function headOf(bench: Bench, path: string): (readonly [name: string, value: string])[] {
  return [
    [':method', 'GET'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', bench.host],
  ]
}

/** Sends a request, and resolves with the status when the response is complete, or with the reason why it never will be. */
function ask(client: Http2Client, bench: Bench, path: string): Promise<number | string> {
  return new Promise((resolve) => {
    let status = 0
    const stream = client.request(headOf(bench, path), true, {
      onHead: (head, ended) => {
        status = head.status
        if (ended) resolve(status)
      },
      onData: (chunk) => stream.release(chunk.length),
      onEnd: () => resolve(status),
      onFail: ({ message }) => resolve(message),
      onDrain: () => {},
    })
  })
}

export const streamTries: Readonly<Record<string, Try>> = {
  multiplexing: {
    title: 'Many at once on one connection',
    note:
      'HTTP/2, one connection: a slow request and, behind it, five quick ones, all in one piece. Each has a stream of its own, so that ' +
      'the quick ones are answered while the slow one is still at work. With pipelining all of them would have waited for it.',
    async run(bench) {
      const dialogue = await bench.open()
      const client = speak(dialogue)
      const began = performance.now()
      const paths = ['/api/slow?ms=400', ...Array.from({ length: quick }, (_, i) => `/api/time?${i + 1}`)]
      const facts = await Promise.all(
        paths.map(async (path, i) => {
          const answer = await ask(client, bench, path)
          return [`Stream ${2 * i + 1}`, `${answer} after ${milliseconds(performance.now() - began)}`] as const
        }),
      )
      client.close()
      await dialogue.closed
      return facts
    },
  },
  'rapid-reset': {
    title: 'Rapid reset',
    note:
      `${resets} requests on one connection of HTTP/2, each given up the moment it was asked (CVE-2023-44487). A few bytes of the ` +
      'client would be work for the server each time. What a client costs beside its requests is counted: this one is told to calm down, and cut off.',
    async run(bench) {
      const dialogue = await bench.open()
      const client = speak(dialogue)
      for (let i = 0; i < resets; i++) {
        const stream = client.request(headOf(bench, `/api/time?${i}`), true, {
          onHead: () => {},
          onData: () => {},
          onEnd: () => {},
          onFail: () => {},
          onDrain: () => {},
        })
        stream.cancel()
      }
      await dialogue.closed
      const isCalmed = client.machine.error === ErrorCode.EnhanceYourCalm
      return [
        ['Asked and given up', String(resets)],
        ['The server’s last word', isCalmed ? 'GOAWAY, ENHANCE_YOUR_CALM' : 'lost on its way'],
      ]
    },
  },
}
