// Which resource a URL leads to.
import { collect, html } from './check.mjs'
import { letters } from './site.mjs'

const { check, checks } = collect()

// ── URLs ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
check('URLs', '/ is index.html', async ({ get }) => (await get('/')).content.includes('home'))
check('URLs', '/docs/ is its index', async ({ get }) => (await get('/docs/')).content.includes('docs'))
check('URLs', '/docs leads to /docs/, query kept', async ({ get }) =>
  leadsTo(await get('/docs?a=1'), '/docs?a=1', '/docs/?a=1'),
)
check('URLs', '/about is about.html', async ({ get }) => (await get('/about')).content.includes('about'))
check('URLs', '/about.html leads to /about', async ({ get }) =>
  leadsTo(await get('/about.html'), '/about.html', '/about'),
)
check('URLs', 'a redirect cannot lead to another host', async ({ get }) => {
  const targets = [
    '//evil.example/..%2f',
    '//evil.example/%2e%2e/docs',
    '/\\evil.example',
    '//docs',
    '/%2f%2fevil.example/..',
  ]
  for (const target of targets) {
    const location = (await get(target)).get('location')
    if (location !== '' && new URL(location, 'http://localhost/').hostname !== 'localhost') return false
  }
  return true
})
const names = [
  ['/a%20b.txt', 'blank'],
  ['/%C3%A9.txt', 'accent'],
  ['/100%25.txt', 'percent'],
  ['/a+b.txt', 'plus'],
  ['/a%23b%3F.txt', 'hash'],
  ['/%6Cetters.txt', letters],
]
for (const [path, content] of names)
  check('URLs', `${path} is found`, async ({ get }) => (await get(path)).content.toString() === content)
check('URLs', 'broken encoding is 400 or 404', async ({ get }) => {
  const statuses = await Promise.all(['/%', '/%zz', '/%c3%28', '/%ff'].map(async (path) => (await get(path)).status))
  return statuses.every((status) => status === 400 || status === 404)
})
check('URLs', 'a page of its own for a 404, with that status', async ({ get }) => {
  const reply = await get('/nothing', html)
  return reply.status === 404 && reply.content.includes('nothing here')
})

// ── single-page applications ─────────────────────────────────────────────────────────────────────────────────────────
check(
  'application',
  'an unknown path is the application',
  async ({ get }) => {
    const reply = await get('/users/7', html)
    return reply.status === 200 && reply.content.includes('home')
  },
  'application',
)
check(
  'application',
  'files come first',
  async ({ get }) => (await get('/letters.txt', html)).content.toString() === letters,
  'application',
)
check(
  'application',
  'a missing script is 404, not a page',
  async ({ get }) => (await get('/missing.js', 'Accept: */*')).status === 404,
  'application',
)

// ── listings ─────────────────────────────────────────────────────────────────────────────────────────────────────────
const listing = (name, run) => check('listings', name, run, 'listing')
listing('a directory without an index is listed', async ({ get }) => {
  const page = (await get('/files/', html)).content.toString()
  return ['file2.txt', 'file10.txt', 'sub'].every((text) => page.includes(text))
})
listing('names are escaped', async ({ get }) => {
  const reply = await get('/files/', html)
  return reply.status === 200 && !reply.content.includes('<b>&') && reply.content.includes('&lt;b&gt;')
})
listing('links lead to the files', async ({ get }) => {
  const page = (await get('/files/', html)).content.toString()
  const links = [...page.matchAll(/href="([^"]*file2\.txt)"/g)].map(
    ([, href]) => new URL(href, 'http://a/files/').pathname,
  )
  return links.length > 0 && (await get(links[0])).content.toString() === '22'
})
listing('a strange name, too', async ({ get }) => {
  const page = (await get('/files/', html)).content.toString()
  const links = [...page.matchAll(/href="([^"]*)"/g)].map(
    ([, href]) => new URL(href.replaceAll('&amp;', '&'), 'http://a/files/').pathname,
  )
  const strange = links.find((path) => /b%3E|b>/i.test(path))
  return strange !== undefined && (await get(strange)).status === 200
})
listing('2 comes before 10, directories before files', async ({ get }) => {
  const page = (await get('/files/', html)).content.toString()
  const [sub, two, ten] = ['sub', 'file2.txt', 'file10.txt'].map((text) => page.indexOf(text))
  return sub > 0 && sub < two && two < ten
})
listing('sizes and dates', async ({ get }) => {
  const page = (await get('/files/', html)).content.toString()
  return page.includes('2026') && /\b10 ?b/i.test(page.replace(/<[^>]*>/g, ' ')) && page.includes('file10.txt')
})
listing('JSON for clients that prefer it', async ({ get }) => {
  const reply = await get('/files/', 'Accept: application/json')
  return (
    /json/.test(reply.get('content-type')) &&
    JSON.stringify(JSON.parse(reply.content.toString())).includes('file10.txt')
  )
})
listing('what is hidden is not listed', async ({ get }) => {
  const page = (await get('/files/', html)).content.toString()
  return page.includes('file2.txt') && !page.includes('.hidden')
})
listing('what is outside is not listed', async ({ get }) => {
  const replies = await Promise.all(['/up/', '/../', '/%2e%2e/', '/..%2f'].map((path) => get(path, html)))
  return replies.every(({ content }) => !content.includes('secret.txt') && !content.includes('root-not'))
})
listing('a directory with an index is not listed', async ({ get }) =>
  (await get('/docs/', html)).content.includes('docs</title>'),
)
check('listings', 'none unless asked for', async ({ get }) => (await get('/bare/', html)).status === 404)

function leadsTo({ status, get }, from, to) {
  if (status !== 301 && status !== 308 && status !== 302 && status !== 307) return false
  const { pathname, search, hostname } = new URL(get('location'), `http://localhost${from}`)
  return hostname === 'localhost' && pathname + search === to
}

export { checks }
