// The three ways to attach the inspector, and what its page receives.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { run as runProgram, runChecks, start } from './harness.mjs'

const app = `
import { serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'
const app = router()
// WITH
app.get('/hello/:name', (c) => c.json({ hello: c.params.name }))
app.post('/echo', async (c) => c.text(await c.body.text()))
console.log('at ' + (await serve(app, { port: 0, host: '127.0.0.1' })).url)
`
writeFileSync('app.mjs', app)
writeFileSync(
  'within.mjs',
  `import { inspector } from '@spillway/inspect'\n${app.replace('// WITH', 'app.use(inspector({ always: true }))')}`,
)

/** Requests a page of the inspector, as a program that has the link would. */
async function enter(link) {
  const first = await fetch(link, { redirect: 'manual' })
  assert.equal(first.status, 303)
  const headers = { cookie: first.headers.get('set-cookie').split(';', 1)[0] }
  const base = new URL(first.headers.get('location'), link)
  return (path, init = {}) => fetch(new URL(path, base), { ...init, headers })
}

/** Reads the feed until it has matched all of these patterns. */
async function told(ask, patterns, meanwhile) {
  const feed = await ask('events')
  assert.equal(feed.headers.get('content-type'), 'text/event-stream')
  let text = ''
  const decoder = new TextDecoder()
  for await (const chunk of feed.body) {
    if (text === '') await meanwhile()
    text += decoder.decode(chunk, { stream: true })
    if (patterns.every((pattern) => pattern.test(text))) return
  }
  throw new Error(`the feed has ended: ${text.slice(-1000)}`)
}

/** Checks that a request is in the feed, in the archive and in the capture, and that it can be sent again. */
async function inspects(link, url) {
  const ask = await enter(link)
  await told(ask, [/snapshot/, /\/hello\/feed/, /"type":"close"|"reason"/], async () => {
    const response = await fetch(`${url}/hello/feed`, { headers: { connection: 'close' } })
    assert.equal(await response.text(), '{"hello":"feed"}')
  })
  await (await fetch(`${url}/echo`, { method: 'POST', body: 'abc' })).text()
  const { log } = await (await ask('api/har')).json()
  const echo = log.entries.find(({ request }) => request.url.endsWith('/echo'))
  assert.deepEqual([echo.request.postData.text, echo.response.status, echo.response.content.text], ['abc', 200, 'abc'])
  const capture = new Uint8Array(await (await ask('api/pcapng')).arrayBuffer())
  assert.deepEqual([...capture.subarray(0, 4)], [0x0a, 0x0d, 0x0d, 0x0a])
  const again = await ask('api/send/GET', { method: 'POST', body: 'GET /hello/again HTTP/1.1\r\nHost: a\r\n\r\n' })
  const { received, ended } = await again.json()
  assert.match(atob(received), /^HTTP\/1\.1 200 [^]*{"hello":"again"}$/)
  assert.equal(ended, 'complete')
}

const at = /^at (\S+)$/m

export const run = () =>
  runChecks({
    'in a program': async () => {
      const program = start(['within.mjs'])
      await inspects(await program.said(/Inspector: (\S+)/), await program.said(at))
    },
    'in a program, the page and what it loads': async () => {
      const program = start(['within.mjs'])
      const ask = await enter(await program.said(/Inspector: (\S+)/))
      const page = await (await ask('')).text()
      const files = [...page.matchAll(/(?:src|href)="(?!data:|#|https?:)([^"]+)"/g)].map(([, file]) => file)
      assert.ok(files.length > 0, page)
      for (const file of files) assert.equal((await ask(file)).status, 200, file)
    },
    'nothing in production': async () => {
      const program = start(['within.mjs'], { env: { NODE_ENV: 'production' } })
      assert.equal((await fetch(`${await program.said(at)}/__spillway/`)).status, 404)
    },
    'beside an unchanged program': async () => {
      const program = start(['app.mjs'], { first: '@spillway/inspect/auto' })
      await inspects(await program.said(/Inspector: (\S+)/), await program.said(at))
    },
    'in front of any server': async () => {
      const other = createServer((request, response) => {
        const { method, url } = request
        if (method === 'POST') request.pipe(response)
        else response.end(JSON.stringify({ hello: url.split('/').pop() }))
      }).listen(0, '127.0.0.1')
      await once(other, 'listening')
      const program = start([
        'node_modules/@spillway/inspect/dist/cli.js',
        'proxy',
        `http://127.0.0.1:${other.address().port}`,
      ])
      const url = (await program.said(/Clients connect to +(\S+)/)).replace('[::]', '127.0.0.1')
      await inspects(await program.said(/The inspector +(\S+)/), url)
      assert.equal(await program.end('SIGTERM'), 0, program.err)
      other.closeAllConnections()
      other.close()
    },
    'the program explains itself': async () => {
      const { out } = await runProgram(['node_modules/@spillway/inspect/dist/cli.js', '--help'])
      assert.match(out, /^spillway-inspect proxy <url>/)
      const { err } = await runProgram(['node_modules/@spillway/inspect/dist/cli.js', 'proxy', 'x'], { status: 2 })
      assert.match(err, /^spillway-inspect: proxy takes a URL/)
    },
  })
