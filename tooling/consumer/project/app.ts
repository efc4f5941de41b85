// A server as a user of the published packages writes it: types, imports and behaviour all come from those packages.
import { type Context, serve } from '@spillway/core'
import { fromFetch } from '@spillway/core/web'
import { testServer } from '@spillway/core/testing'
import { compression } from '@spillway/middleware/compression'
import { router } from '@spillway/middleware/router'
import { staticFiles } from '@spillway/middleware/static'
import { MessageParser } from '@spillway/parser'
import { parseQualityList } from '@spillway/parser/fields'
import { statusLine } from '@spillway/parser/serialize'

const greet = (c: Context<{ name: string }>) => c.json({ hello: c.params.name })
const app = router()
  .use(compression())
  .get('/hello/:name', greet)
  .get(
    '/fetch',
    fromFetch(() => new Response('from fetch')),
  )
  .get('/:path*', staticFiles(new URL('.', import.meta.url).pathname))

const server = await serve(app, { port: 0, host: '127.0.0.1' })
const seen: unknown[] = []
for (const path of ['/hello/ali', '/fetch', '/package.json', '/nothing'])
  seen.push((await fetch(server.url + path)).status)
seen.push(await (await fetch(`${server.url}/hello/ali`)).json())
await server.close()

const client = testServer((c) => c.text('in memory')).connect()
client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
seen.push(client.received.endsWith('in memory'))

for (const event of new MessageParser('request').feed(Buffer.from('GET /x HTTP/1.1\r\nHost: a\r\n\r\n')))
  if (event.type === 'request') seen.push(event.head.target)
seen.push(parseQualityList('gzip;q=0.5')?.[0]?.q, statusLine(200).trim())

console.log(JSON.stringify(seen))
