// Prints the messages in a capture: node packages/parser/examples/capture.mjs [file of requests] [request|response]
// Without a file it reads a small capture of its own, in pieces as a network would deliver them.
import { readFileSync } from 'node:fs'
import { MessageParser, ParseError } from '@spillway/parser'

const [file, kind = 'request'] = process.argv.slice(2)
const bytes = file
  ? readFileSync(file)
  : Buffer.from(
      'GET /first?x=1 HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n' +
        'POST /second HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nDigest: x\r\n\r\n' +
        'GET /third HTTP/1.1\r\nHost : a.example\r\n\r\n',
    )

const parser = new MessageParser(kind)
let seen = 0 // where the message in hand starts in the capture
try {
  for (let at = 0; at < bytes.length; at += 16) {
    for (const event of parser.feed(bytes.subarray(at, at + 16))) {
      if (event.type === 'request') console.log(`${seen}: ${event.head.method} ${event.head.target}`)
      if (event.type === 'response') console.log(`${seen}: ${event.head.status} ${event.head.reason}`)
      if (event.type === 'request' || event.type === 'response') {
        for (const [name, value] of event.head) console.log(`    ${name}: ${value}`)
      }
      if (event.type === 'data') console.log(`    ${event.data.length} bytes of data`)
      if (event.type === 'end') {
        for (const [name, value] of event.trailers) console.log(`    ${name}: ${value} (trailer)`)
        seen += event.bytes
      }
    }
  }
  for (const event of parser.end()) console.log(`    ${event.type}`)
} catch (error) {
  if (!(error instanceof ParseError)) throw error
  console.log(`${seen + error.offset}: ${error.code}: ${error.message} (${error.rfc})`)
}
