import { request } from 'node:http'
import { client } from '@spillway/middleware/client'
import { router } from '@spillway/middleware/router'
import { withTools } from '@spillway/vitest-config/tools'
import { expect, test } from 'vitest'
import { others, startOther } from './proxy-programs.ts'
import { start } from './server.ts'

/** Asks from another address of this machine than the proxy has, and writes what a liar would. */
function lie(port: number, headers: Record<string, string | string[]>): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, localAddress: '127.0.0.9', headers, agent: false }
    const asked = request(options, (reply) => {
      let text = ''
      reply.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      reply.on('end', () => resolve(text))
    })
    asked.on('error', reject).end()
  })
}

const app = router()
  .use(client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-for'] }))
  .get('/', (c) => c.text(c.state.client.address))

// nginx replaces what the client wrote, haproxy adds a line of its own behind it.
for (const other of others) {
  withTools(other)(`behind ${other.name}`, () => {
    test('a client is who it is, whatever it writes', async () => {
      const { port } = await startOther(other, (await start(app)).port)
      for (const claim of [[], '127.0.0.1', '10.0.0.1', 'evil', ['10.0.0.1', '127.0.0.1'], '10.0.0.1, 127.0.0.1, '])
        expect(await lie(port, { 'x-forwarded-for': claim })).toBe('127.0.0.9')
      expect(await lie(port, { forwarded: 'for=127.0.0.1', 'x-real-ip': '127.0.0.1' })).toBe('127.0.0.9')
    })
  })
}
