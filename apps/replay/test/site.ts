/* A site of our own server with the kinds of resources that browsers load, and a page that loads all of them. Responses never vary. */
import { type Handler, serve, type Server } from '@spillway/core'
import { compression } from '@spillway/middleware/compression'
import { conditional } from '@spillway/middleware/conditional'
import { router } from '@spillway/middleware/router'

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

async function* pieces(name: string): AsyncGenerator<string> {
  for (let i = 0; i < 5; i++) {
    yield `${name} ${i} `.repeat(100)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

/** One of each kind makes 11 requests: the redirect is followed, and the validated resource is requested twice. */
const PER_ROUND = 11

/** A page that makes at least this many requests, and reports in its title when it is done. */
function pageFor(requests: number): string {
  return `<!doctype html><title>waiting</title><link rel="icon" href="data:,"><script type="module">
    const text = async (url, options) => (await fetch(url, options)).text()
    const image = (url) => new Promise((resolve) => Object.assign(new Image(), { onload: resolve, onerror: resolve, src: url }))
    const round = (i) => [
      text('/data/' + i + '?q=ü b'),
      text('/form', { method: 'POST', body: new URLSearchParams({ name: 'ä', i }) }),
      text('/json', { method: 'POST', body: JSON.stringify({ i, text: '\\u{1f30a}' }), headers: { 'content-type': 'application/json' } }),
      text('/tagged/' + i).then(() => text('/tagged/' + i, { cache: 'no-cache' })),
      text('/data/' + i, { method: 'HEAD' }),
      text('/old/' + i),
      text('/pieces/' + i),
      text('/things/' + i, { method: i % 2 === 0 ? 'PUT' : 'DELETE', ...(i % 2 === 0 && { body: 'x'.repeat(i) }) }),
      text('/missing/' + i),
      image('/dot.png?' + i),
    ]
    for (let i = 0; i < ${Math.ceil(requests / PER_ROUND)}; i++) await Promise.all(round(i))
    document.title = 'done'
  </script>`
}

function application(requests: number): Handler {
  const page = pageFor(requests)
  return router()
    .use(compression())
    .get('/', (c) => c.html(page, { headers: { 'Set-Cookie': 'visit=1; Path=/; HttpOnly' } }))
    .get('/data/:i', (c) =>
      c.json({ i: c.params.i, search: c.search, cookie: c.headers.get('cookie'), list: Array(200).fill(c.path) }),
    )
    .post('/form', async (c) => c.text(`${await c.body.text()} was sent`))
    .post('/json', async (c) => c.json(await c.body.json()))
    .get('/tagged/:i', [conditional()], (c) => c.text(c.path.repeat(50)))
    .get('/old/:i', (c) => c.redirect(`/data/${c.params.i}`))
    .get('/pieces/:i', (c) => c.stream(pieces(c.path)))
    .put('/things/:i', async (c) => c.text(String((await c.body.bytes()).length), 201))
    .delete('/things/:i', (c) => c.empty(204))
    .get('/dot.png', (c) => c.stream(png, { headers: { 'Content-Type': 'image/png', 'Cache-Control': 'max-age=60' } }))
}

/** Serves the site on a free port. */
export function serveSite(requests: number): Promise<Server> {
  return serve(application(requests), { port: 0, host: '127.0.0.1' })
}
