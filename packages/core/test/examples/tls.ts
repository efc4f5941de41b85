import { readFileSync } from 'node:fs'
import { createServer } from '@spillway/core'

const pem = (name: string) => ({ cert: readFileSync(`${name}.pem`), key: readFileSync(`${name}.key`) })
const server = createServer((c) => c.text(`${c.peer.servername}, ${c.httpVersion}`))
const listening = await server.listen({
  port: 443,
  host: '::',
  http2: true, // beside HTTP/1.1, for clients that know it
  tls: {
    ...pem('default'),
    sni: { 'example.org': pem('example'), '*.example.org': pem('wildcard') }, // or a function
  },
})
process.on('SIGHUP', () => listening.reload(pem('default'))) // existing connections go on
