// Sends the requests of a HAR file to a server and compares the answers: node packages/parser/examples/har-replay.mjs file port
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { MessageParser } from '@spillway/parser'
import { endToEndFields } from '@spillway/parser/fields'
import { requestHead } from '@spillway/parser/serialize'

const [file, port] = process.argv.slice(2)
const { entries } = JSON.parse(readFileSync(file, 'utf8')).log
const socket = connect(Number(port), '127.0.0.1')
const parser = new MessageParser('response')

for (const { request, response } of entries) {
  const { host, pathname, search } = new URL(request.url)
  const content = Buffer.from(request.postData?.text ?? '')
  const recorded = request.headers.map(({ name, value }) => [name, value])
  const fields = endToEndFields(recorded).filter(([name]) => !['host', 'content-length'].includes(name.toLowerCase()))
  fields.unshift(['Host', host])
  if (content.length > 0) fields.push(['Content-Length', String(content.length)])
  parser.expect(request.method)
  socket.write(requestHead(request.method, pathname + search, fields))
  socket.write(content)
  const { status, text } = await answer()
  const isSame = status === response.status && text === (response.content.text ?? '')
  console.log(`${request.method} ${pathname}: ${status}, ${isSame ? 'as recorded' : `${text}, not as recorded`}`)
}
socket.end()

async function answer() {
  let [status, text] = [0, '']
  for (;;) {
    for (const event of parser) {
      if (event.type === 'response') ({ status } = event.head)
      if (event.type === 'data') text += Buffer.from(event.data).toString()
      if (event.type === 'end' && status >= 200) return { status, text }
    }
    parser.feed(await new Promise((resolve) => socket.once('data', resolve)))
  }
}
