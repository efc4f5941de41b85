// A server of Node, Bun or Deno that answers with the content that it was sent. It prints its port and version.
import { createServer } from 'node:http'

const { Bun, Deno, process } = globalThis
const options = { port: 0, hostname: '127.0.0.1' }
const answer = async (request) => new Response(await request.arrayBuffer())
const tell = (port, version) => console.log(`PORT ${port} VERSION ${version}`)
if (Bun) tell(Bun.serve({ ...options, fetch: answer }).port, Bun.version)
else if (Deno) Deno.serve({ ...options, onListen: ({ port }) => tell(port, Deno.version.deno) }, answer)
else {
  const server = createServer((request, response) => {
    const pieces = []
    request.on('data', (piece) => pieces.push(piece)).on('end', () => response.end(Buffer.concat(pieces)))
  })
  server.listen(0, options.hostname, () => tell(server.address().port, process.versions.node))
}
