// Lists the transactions of a connection, each request beside its answer: node packages/parser/examples/transactions.mjs [requests answers]
// The two files hold the bytes of either direction, as `tcpflow` and others write them. Without files it reads a small recording.
import { readFileSync } from 'node:fs'
import { Connection } from '@spillway/parser/connection'

const [requests, answers] = process.argv.slice(2).map((file) => readFileSync(file))
const recorded =
  requests === undefined
    ? [
        [
          'request',
          Buffer.from('HEAD /a HTTP/1.1\r\nHost: a.example\r\n\r\nGET /b HTTP/1.1\r\nHost: a.example\r\n\r\n'),
        ],
        ['response', Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n')],
        ['response', Buffer.from('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\n\r\nnone')],
      ]
    : [
        ['request', requests],
        ['response', answers],
      ]

const connection = new Connection()
const transactions = []
try {
  for (const [side, bytes] of recorded) {
    for (const event of connection.feed(side, bytes)) {
      const one = (transactions[event.exchange] ??= { sent: 0, received: 0, line: '', answers: [] })
      if (event.type === 'request') one.line = `${event.head.method} ${event.head.target}`
      if (event.type === 'response') one.answers.push(`${event.head.status} ${event.head.reason}`)
      if (event.type === 'data') one[side === 'request' ? 'sent' : 'received'] += event.data.length
    }
  }
  connection.end('request').end('response')
} catch (error) {
  console.log(`${error.code}: ${error.message} (${error.rfc})`)
}
for (const [i, { line, answers: list, sent, received }] of transactions.entries())
  console.log(`${i}: ${line} (${sent} bytes) -> ${list.join(', ') || 'no answer'} (${received} bytes)`)
console.log(`for another request: ${connection.reuse}`)
