// Lists what is on a connection that was captured, with mistakes and gaps: node packages/parser/examples/observe.mjs [requests answers]
import { readFileSync } from 'node:fs'
import { fieldsAsSent } from '@spillway/parser/fields'
import { ObservedConnection } from '@spillway/parser/observer'

const [requests, answers] = process.argv.slice(2).map((file) => readFileSync(file))
// A small capture: who spoke and what, or how many bytes the capture has missed.
const capture = requests
  ? [
      ['request', requests],
      ['response', answers],
    ]
  : [
      ['response', undefined],
      ['response', Buffer.from('the end of an answer to a request that nobody saw')],
      ['request', Buffer.from('GET /a b HTTP/1.1\nHost: a.example\n\n')],
      ['response', Buffer.from('HTTP/1.1 200\r\nX-Folded: one\r\n two\r\nContent-Length: 2000\r\n\r\nsome')],
      ['response', 1996],
      ['request', Buffer.from('GET /c HTTP/1.1\r\nHost: a.example\r\n\r\n')],
      ['response', Buffer.from('HTTP/1.1 204 No Content\r\n\r\n')],
    ]

const connection = new ObservedConnection()
for (const [side, bytes] of capture) {
  const events = bytes instanceof Uint8Array ? connection.feed(side, bytes) : connection.lost(side, bytes)
  for (const event of events) {
    const start = `${event.exchange} ${event.side} ${event.at}:`
    if (event.type === 'request') console.log(start, event.head.method, event.head.target)
    if (event.type === 'response') console.log(start, event.head.status, fieldsAsSent(event.head))
    if (event.type === 'data') console.log(start, event.data.length, 'bytes')
    if (event.type === 'lost') console.log(start, event.bytes, 'bytes are of no message, or missing')
    if (event.type === 'deviation') console.log(start, event.code, 'strict:', event.strict, 'lenient:', event.lenient)
  }
}
console.log(`for another request: ${connection.reuse}`)
