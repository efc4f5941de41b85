// Validators, conditions and ranges: RFC 9110 §8.8, §13 and §14.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { collect, sleep } from './check.mjs'
import { changed, letters, numbers } from './site.mjs'

const { check, checks } = collect()

const lastModified = changed.toUTCString()
const later = new Date(changed.getTime() + 60_000).toUTCString()
const earlier = new Date(changed.getTime() - 60_000).toUTCString()

// ── validators and conditions ────────────────────────────────────────────────────────────────────────────────────────
const etagOf = async (get, path = '/letters.txt', ...fields) => (await get(path, ...fields)).get('etag')
check('validators', 'ETag', async ({ get }) => /^(?:W\/)?"[!#-~]*"$/.test(await etagOf(get)))
check('validators', 'the ETag is strong', async ({ get }) => /^"[!#-~]+"$/.test(await etagOf(get)))
// A file that was changed a moment ago may change again without a new modification time.
check('validators', 'the ETag of a large file, once it is no longer new', async ({ get }) => {
  for (let i = 0; i < 30 && (await etagOf(get, '/numbers.txt')).startsWith('W/'); i++) await sleep(100)
  return /^"[!#-~]+"$/.test(await etagOf(get, '/numbers.txt'))
})
check(
  'validators',
  'Last-Modified is the time of the file',
  async ({ get }) => (await get('/letters.txt')).get('last-modified') === lastModified,
)
check('validators', 'other content of the same length and time has another tag', async ({ get, root, touch }) => {
  const path = join(root, 'same.txt')
  writeFileSync(path, 'one')
  touch(path)
  const before = await etagOf(get, '/same.txt')
  writeFileSync(path, 'two')
  touch(path)
  await sleep(1100)
  const after = await get('/same.txt')
  return before !== '' && after.content.toString() === 'two' && after.get('etag') !== before
})
check('conditions', 'If-None-Match of the tag is 304 without content', async ({ get }) => {
  const reply = await get('/letters.txt', `If-None-Match: ${await etagOf(get)}`)
  return reply.status === 304 && reply.content.length === 0
})
check('conditions', 'the 304 repeats ETag (RFC 9110 §15.4.5)', async ({ get }) => {
  const etag = await etagOf(get)
  const reply = await get('/letters.txt', `If-None-Match: ${etag}`)
  return reply.status === 304 && reply.get('etag') === etag && reply.get('content-type') === ''
})
check(
  'conditions',
  'If-None-Match finds the tag in a list',
  async ({ get }) => (await get('/letters.txt', `If-None-Match: "x", ${await etagOf(get)} , "y"`)).status === 304,
)
check(
  'conditions',
  'If-None-Match compares weakly (§8.8.3.2)',
  async ({ get }) =>
    (await get('/letters.txt', `If-None-Match: W/${(await etagOf(get)).replace('W/', '')}`)).status === 304,
)
check(
  'conditions',
  'If-None-Match: * is 304',
  async ({ get }) => (await get('/letters.txt', 'If-None-Match: *')).status === 304,
)
check(
  'conditions',
  'If-None-Match of another tag is 200',
  async ({ get }) => (await get('/letters.txt', 'If-None-Match: "other"')).status === 200,
)
check(
  'conditions',
  'If-None-Match comes before If-Modified-Since (§13.2.2)',
  async ({ get }) =>
    (await get('/letters.txt', 'If-None-Match: "other"', `If-Modified-Since: ${later}`)).status === 200,
)
check(
  'conditions',
  'If-Modified-Since the time itself is 304',
  async ({ get }) => (await get('/letters.txt', `If-Modified-Since: ${lastModified}`)).status === 304,
)
check(
  'conditions',
  'If-Modified-Since a later time is 304 (§13.1.3)',
  async ({ get }) => (await get('/letters.txt', `If-Modified-Since: ${later}`)).status === 304,
)
check(
  'conditions',
  'If-Modified-Since an earlier time is 200',
  async ({ get }) => (await get('/letters.txt', `If-Modified-Since: ${earlier}`)).status === 200,
)
check(
  'conditions',
  'If-Modified-Since that is not a date is ignored',
  async ({ get }) => (await get('/letters.txt', 'If-Modified-Since: tomorrow')).status === 200,
)
check(
  'conditions',
  'If-Match of the tag is 200',
  async ({ get }) => (await get('/letters.txt', `If-Match: ${await etagOf(get)}`)).status === 200,
)
check(
  'conditions',
  'If-Match of another tag is 412',
  async ({ get }) => (await get('/letters.txt', 'If-Match: "other"')).status === 412,
)
check(
  'conditions',
  'If-Match compares strongly (§13.1.1)',
  async ({ get }) => (await get('/letters.txt', `If-Match: W/${(await etagOf(get)).replace('W/', '')}`)).status === 412,
)
check(
  'conditions',
  'If-Unmodified-Since an earlier time is 412',
  async ({ get }) => (await get('/letters.txt', `If-Unmodified-Since: ${earlier}`)).status === 412,
)
check(
  'conditions',
  'HEAD is 304, too',
  async ({ ask, get }) => (await ask('HEAD', '/letters.txt', [`If-None-Match: ${await etagOf(get)}`])).status === 304,
)

// ── ranges ───────────────────────────────────────────────────────────────────────────────────────────────────────────
const range = (name, field, content, contentRange) =>
  check('ranges', name, async ({ get }) => {
    const reply = await get('/letters.txt', `Range: ${field}`)
    return reply.status === 206 && reply.content.toString() === content && reply.get('content-range') === contentRange
  })
check(
  'ranges',
  'Accept-Ranges says so',
  async ({ get }) => (await get('/letters.txt')).get('accept-ranges') === 'bytes',
)
range('first bytes', 'bytes=0-4', 'abcde', 'bytes 0-4/26')
range('from here to the end', 'bytes=20-', 'uvwxyz', 'bytes 20-25/26')
range('the last bytes', 'bytes=-3', 'xyz', 'bytes 23-25/26')
range('one byte', 'bytes=25-25', 'z', 'bytes 25-25/26')
range('an end beyond the file', 'bytes=24-99', 'yz', 'bytes 24-25/26')
range('more last bytes than there are', 'bytes=-99', letters, 'bytes 0-25/26')
check('ranges', 'in a large file', async ({ get }) => {
  const reply = await get('/numbers.txt', 'Range: bytes=2000000-2099999')
  return reply.status === 206 && reply.content.equals(numbers.subarray(2_000_000, 2_100_000))
})
check('ranges', 'a resumed download is the same file', async ({ get }) => {
  const etag = await etagOf(get, '/numbers.txt')
  const rest = await get('/numbers.txt', 'Range: bytes=1000000-', `If-Range: ${etag}`)
  return rest.status === 206 && Buffer.concat([numbers.subarray(0, 1_000_000), rest.content]).equals(numbers)
})
check('ranges', 'beyond the end is 416 and tells the size', async ({ get }) => {
  const reply = await get('/letters.txt', 'Range: bytes=26-')
  return reply.status === 416 && reply.get('content-range') === 'bytes */26'
})
check(
  'ranges',
  'the last none is 416',
  async ({ get }) => (await get('/letters.txt', 'Range: bytes=-0')).status === 416,
)
check(
  'ranges',
  'another unit is ignored (§14.2)',
  async ({ get }) => (await get('/letters.txt', 'Range: lines=0-1')).status === 200,
)
check(
  'ranges',
  'nonsense is ignored',
  async ({ get }) => (await get('/letters.txt', 'Range: bytes=a-b')).status === 200,
)
check('ranges', 'HEAD has no ranges (§14.2)', async ({ ask }) => {
  const reply = await ask('HEAD', '/letters.txt', ['Range: bytes=0-4'])
  return reply.status === 200 && reply.get('content-length') === '26'
})
check(
  'ranges',
  'If-Range of the tag sends the part',
  async ({ get }) => (await get('/letters.txt', 'Range: bytes=0-4', `If-Range: ${await etagOf(get)}`)).status === 206,
)
check(
  'ranges',
  'If-Range of another tag sends the whole',
  async ({ get }) => (await get('/letters.txt', 'Range: bytes=0-4', 'If-Range: "other"')).status === 200,
)
check(
  'ranges',
  'If-Range of the date sends the part',
  async ({ get }) => (await get('/letters.txt', 'Range: bytes=0-4', `If-Range: ${lastModified}`)).status === 206,
)
check(
  'ranges',
  'If-Range of an earlier date sends the whole',
  async ({ get }) => (await get('/letters.txt', 'Range: bytes=0-4', `If-Range: ${earlier}`)).status === 200,
)
check(
  'ranges',
  'a condition comes before a range',
  async ({ get }) =>
    (await get('/letters.txt', 'Range: bytes=0-4', `If-None-Match: ${await etagOf(get)}`)).status === 304,
)
check('ranges', 'several are multipart/byteranges (§14.6)', async ({ get }) => {
  const reply = await get('/numbers.txt', 'Range: bytes=0-6,1000000-1000006,-8')
  const boundary = /^multipart\/byteranges; ?boundary="?([^"]+)"?$/.exec(reply.get('content-type'))?.[1]
  const parts = reply.content.toString().split(`--${boundary}`)
  const contents = parts.slice(1, -1).map((part) => part.slice(part.indexOf('\r\n\r\n') + 4, -2))
  return reply.status === 206 && reply.complete && contents.join('|') === '0000000|0125000|0393215\n'
})
check('ranges', 'several that overlap are not sent twice (§14.2)', async ({ get }) => {
  const reply = await get('/numbers.txt', `Range: bytes=${Array.from({ length: 50 }, () => '0-').join(',')}`)
  return reply.status < 500 && reply.content.length <= numbers.length + 10_000
})
check('ranges', 'a thousand small ones cost no more than the file', async ({ get }) => {
  const field = Array.from({ length: 1000 }, (_, i) => `${i * 2}-${i * 2}`).join(',')
  const reply = await get('/numbers.txt', `Range: bytes=${field}`)
  return reply.status < 500 && reply.content.length <= numbers.length + 10_000
})

export { checks }
