// The command `spillway`: a folder, over HTTP and HTTPS; an application in development; its routes.
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { gzipSync } from 'node:zlib'
import { run as runProgram, runChecks, start } from './harness.mjs'

const program = 'node_modules/@spillway/serve/dist/main.js'
const place = ['--host', '127.0.0.1', '--port', '0']

mkdirSync('site/below', { recursive: true })
mkdirSync('src', { recursive: true })
writeFileSync('site/index.html', '<h1>home</h1>')
writeFileSync('site/about.html', '<h1>about</h1>')
writeFileSync('site/404.html', '<h1>not here</h1>')
writeFileSync('site/app.js', 'x'.repeat(3000))
writeFileSync('site/app.js.gz', gzipSync('x'.repeat(3000)))
writeFileSync('site/below/a b.txt', '0123456789')
writeFileSync('site/.secret', 'secret')

const application = (word) => `
import { router } from '@spillway/middleware/router'
export default router().get('/word', (c) => c.text('${word}')).get('/users/:id', (c) => c.text(c.params.id))
`

async function serves(args, use) {
  const served = start([program, 'site', ...place, ...args], { env: { HOME: process.cwd() } })
  const url = await served.said(/here +(\S+)/)
  await use(url, served)
  assert.equal(await served.end('SIGTERM'), 0, served.err)
  return served
}

/** Writes a file until the change is noticed: a watcher that has only just started may miss the first writes. */
async function change(file, text, seen) {
  const timer = setInterval(() => writeFileSync(file, text), 300)
  try {
    await seen()
  } finally {
    clearInterval(timer)
  }
}

/** Sends a request over HTTPS without verifying the certificate. */
const askTls = (url) =>
  new Promise((resolve, reject) => {
    request(url, { rejectUnauthorized: false, agent: false }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('end', () => resolve({ status: response.statusCode, text }))
    })
      .on('error', reject)
      .end()
  })

export const run = () =>
  runChecks({
    'a folder: its index, types, pages without their ending, and what is not there': () =>
      serves([], async (url) => {
        const home = await fetch(url)
        assert.deepEqual([home.status, await home.text()], [200, '<h1>home</h1>'])
        assert.equal(home.headers.get('content-type'), 'text/html; charset=utf-8')
        assert.equal(await (await fetch(`${url}/about`)).text(), '<h1>about</h1>')
        const missing = await fetch(`${url}/none`, { headers: { accept: 'text/html' } })
        assert.deepEqual([missing.status, await missing.text()], [404, '<h1>not here</h1>'])
        for (const path of ['/.secret', '/..%2fpackage.json', '/%2e%2e/package.json'])
          assert.equal((await fetch(url + path)).status, 404, path)
        assert.equal((await fetch(url, { method: 'POST', body: 'a' })).status, 405)
      }),
    'ranges, validators, and files that were compressed before': () =>
      serves([], async (url) => {
        const file = `${url}/below/a%20b.txt`
        const part = await fetch(file, { headers: { range: 'bytes=2-4' } })
        assert.deepEqual(
          [part.status, part.headers.get('content-range'), await part.text()],
          [206, 'bytes 2-4/10', '234'],
        )
        const beyond = await fetch(file, { headers: { range: 'bytes=10-' } })
        assert.deepEqual([beyond.status, beyond.headers.get('content-range')], [416, 'bytes */10'])
        const etag = part.headers.get('etag')
        assert.equal((await fetch(file, { headers: { 'if-none-match': etag } })).status, 304)
        const packed = await fetch(`${url}/app.js`, { headers: { 'accept-encoding': 'gzip' } })
        assert.deepEqual([packed.headers.get('content-encoding'), (await packed.text()).length], ['gzip', 3000])
      }),
    'listings, fields, a password, a base': () =>
      serves(['--listing', '-H', 'X-A: 1', '--auth', 'a:b', '--base', '/docs'], async (url) => {
        const headers = { authorization: `Basic ${btoa('a:b')}`, accept: 'application/json' }
        const listed = await fetch(`${url.replace(/\/docs\/?$/, '')}/docs/below/`, { headers })
        assert.deepEqual([listed.status, listed.headers.get('x-a')], [200, '1'])
        assert.match(await listed.text(), /a b\.txt/)
        assert.equal((await fetch(url)).status, 401)
      }),
    'it says what it has served, and ends when it is told to': async () => {
      const { out } = await serves([], async (url) => {
        await (await fetch(url, { headers: { connection: 'close' } })).text()
      })
      assert.match(out, /GET \/ [^]*200/)
    },
    'HTTPS, with a certificate that it makes': () =>
      serves(['--https'], async (url) => {
        assert.match(url, /^https:/)
        assert.deepEqual(await askTls(url), { status: 200, text: '<h1>home</h1>' })
      }),
    'pages are loaded again after a change': () =>
      serves(['--live'], async (url) => {
        const page = await (await fetch(url, { headers: { accept: 'text/html' } })).text()
        const [, path, version] = /EventSource\('([^']+)'\)[^]*e\.data==='(\d+)'/.exec(page)
        await change('site/about.html', '<h1>about</h1>', async () => {
          let text = ''
          for await (const chunk of (await fetch(url + path)).body) {
            text += new TextDecoder().decode(chunk)
            if ([...text.matchAll(/^data: (\d+)$/gm)].some(([, other]) => other !== version)) return
          }
        })
      }),
    'several processes': () =>
      serves(['--cluster'], async (url) => {
        for (let i = 0; i < 4; i++) assert.equal((await fetch(url, { headers: { connection: 'close' } })).status, 200)
      }),
    'an application in development, again after a change': async () => {
      writeFileSync('src/app.mjs', application('one'))
      const dev = start([program, 'dev', 'src/app.mjs', ...place])
      const url = await dev.said(/spillway dev: (\S+)/)
      const word = async () => (await fetch(`${url}/word`, { headers: { connection: 'close' } })).text()
      assert.equal(await word(), 'one')
      await change('src/app.mjs', application('two'), () => dev.said(/(has changed)/))
      while ((await word()) !== 'two');
      assert.equal(await dev.end('SIGTERM'), 0, dev.err)
    },
    'an application in development, in TypeScript': async () => {
      writeFileSync('src/typed.ts', `${application('typed')}const one: number = 1\nvoid one\n`)
      const dev = start([program, 'dev', 'src/typed.ts', ...place])
      const url = await dev.said(/spillway dev: (\S+)/)
      assert.equal(await (await fetch(`${url}/word`)).text(), 'typed')
    },
    'the routes of an application': async () => {
      writeFileSync('src/routes.mjs', application('one'))
      const { out } = await runProgram([program, 'routes', 'src/routes.mjs'])
      assert.match(out, /GET +\/users\/:id/)
    },
    'help, version, and mistakes': async () => {
      const { version } = JSON.parse(readFileSync('node_modules/@spillway/serve/package.json', 'utf8'))
      assert.equal((await runProgram([program, '--version'])).out.trim(), version)
      assert.match((await runProgram([program, '--help'])).out, /spillway/)
      assert.match((await runProgram([program, 'none-such'], { status: 2 })).err, /There is no folder/)
    },
  })
