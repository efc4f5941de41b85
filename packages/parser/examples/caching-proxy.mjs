// A proxy that keeps what it may, before a server on 127.0.0.1: node packages/parser/examples/caching-proxy.mjs port
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { MessageParser } from '@spillway/parser'
import { deltaSeconds, endToEndFields, parseCacheControl } from '@spillway/parser/fields'
import { requestHead, responseHead } from '@spillway/parser/serialize'

async function next(socket, parser) {
  for (let head, content = []; ; parser.feed((await once(socket, 'data'))[0]))
    for (const event of parser) {
      if (event.type === 'request' || event.type === 'response') head = event.head
      if (event.type === 'data') content.push(event.data)
      if (event.type === 'end' && !(head.status < 200)) return { head, content: Buffer.concat(content) }
    }
}
function passedOn({ head, content }) {
  const fields = endToEndFields(head).filter(([name]) => name !== 'content-length')
  return [...fields, ['content-length', String(content.length)], ['via', '1.1 proxy']]
}
const kept = new Map()
async function answerTo(request, { method, target } = request.head) {
  if (method === 'GET' && kept.get(target)?.until > Date.now()) return kept.get(target)
  const [server, parser] = [connect(Number(process.argv[2]), '127.0.0.1'), new MessageParser('response')]
  parser.expect(method)
  server.write(Buffer.concat([requestHead(method, target, passedOn(request)), request.content]))
  const answer = await next(server, parser).finally(() => server.destroy())
  const control = parseCacheControl(answer.head.get('cache-control') ?? 'no-store')
  const until = Date.now() + 1000 * (deltaSeconds(control, 's-maxage') ?? deltaSeconds(control, 'max-age') ?? 0)
  const isOpen = !['private', 'no-store', 'no-cache'].some((name) => control.has(name)) && !answer.head.has('vary')
  const isPlain = method === 'GET' && answer.head.status === 200 && !request.head.has('authorization')
  if (isOpen && isPlain) kept.set(target, { ...answer, until })
  return answer
}
async function serve(client, parser = new MessageParser('request')) {
  for (let answer; (answer = await answerTo(await next(client, parser)));)
    client.write(Buffer.concat([responseHead(answer.head.status, passedOn(answer)), answer.content]))
}
const proxy = createServer((client) => serve(client).catch(() => client.destroy()))
proxy.listen(0, '127.0.0.1', () => console.log(proxy.address().port))
