import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programFromSources } from '@spillway/tsup-config'
import { spawnSync } from '@spillway/vitest-config/tools'
import { build } from 'tsup'
import { expect, test } from 'vitest'

// Node loads what a program touches. Its `fetch`, with a client of its own, takes longer than all of Spillway does.
test('a server that starts, and answers without fetch, does not load fetch', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-start-'))
  try {
    const program = join(folder, 'program.ts')
    writeFileSync(
      program,
      `import { connect } from 'node:net'
      import { serve } from '@spillway/core'
      import { router } from '@spillway/middleware/router'
      import { staticFiles } from '@spillway/middleware/static'

      const app = router()
      app.get('/', (c) => c.json({ a: 1 }))
      app.get('/text', () => undefined)
      app.post('/', async (c) => c.text(await c.body.text()))
      app.use(staticFiles(${JSON.stringify(folder)}))
      const server = await serve(app, { port: 0, host: '127.0.0.1', onError: () => {} })
      const ask = (method, path) =>
        new Promise((resolve) => {
          let reply = ''
          const socket = connect(server.port, '127.0.0.1')
          socket.on('data', (data) => (reply += data)).on('close', () => resolve(reply.slice(9, 12)))
          socket.write(method + ' ' + path + ' HTTP/1.1\\r\\nHost: a\\r\\nConnection: close\\r\\nContent-Length: 2\\r\\n\\r\\n{}')
        })
      const statuses = [await ask('GET', '/'), await ask('GET', '/text'), await ask('POST', '/'), await ask('GET', '/program.ts')]
      await server.close()
      console.log(statuses.join(' '), process.moduleLoadList.filter((name) => /undici|http2|_http_server/.test(name)).join(' '))`,
    )
    await build({ ...programFromSources, entry: { program }, outDir: folder })
    const { stdout, stderr } = spawnSync(process.execPath, [join(folder, 'program.mjs')], {
      encoding: 'utf8',
      timeout: 15_000,
    })
    expect([stdout, stderr]).toEqual(['200 500 200 200 \n', ''])
  } finally {
    rmSync(folder, { recursive: true })
  }
})
