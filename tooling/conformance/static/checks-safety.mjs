// Files that must not be served, and files that change while they are sent.
import { readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { collect, sleep } from './check.mjs'
import { hostilePaths } from './hostile-paths.mjs'
import { letters } from './site.mjs'

const { check, checks } = collect()

// ── what must not be served ─────────────────────────────────────────────────────────────────────────────────────────────
const outside = /top secret|root:x:0/
const isKept = async ({ get }, target) => {
  const { status, content } = await get(target)
  return status !== 200 && !outside.test(content.toString('latin1'))
}
const kept = [
  ['.env', '/.env'],
  ['.git/config', '/.git/config'],
  ['a hidden file in a directory', '/docs/.hidden'],
  ['a hidden file, encoded', '/%2eenv'],
  ['..', '/../secret.txt'],
  ['.. encoded', '/%2e%2e/secret.txt'],
  ['.. with an encoded slash', '/..%2fsecret.txt'],
  ['.. encoded twice', '/%252e%252e%252fsecret.txt'],
  ['backslashes', '/..\\secret.txt'],
  ['backslashes, encoded', '/..%5csecret.txt'],
  ['NUL', '/letters.txt%00.html'],
  ['a neighbour whose name begins like the root', '/../root-not/index.html'],
  ['a link to the outside', '/outside.txt'],
  ['through a link to the outside', '/up/secret.txt'],
  ['a link to itself', '/loop'],
]
for (const [name, target] of kept) check('safety', `${name} is kept`, (t) => isKept(t, target))
check(
  'safety',
  '.well-known is not hidden (RFC 8615)',
  async ({ get }) => (await get('/.well-known/security.txt')).content.toString() === 'contact',
)
check(
  'safety',
  'a link inside is followed',
  async ({ get }) => (await get('/inside.txt')).content.toString() === letters,
)
check('safety', 'a FIFO keeps nobody waiting', async (t) => {
  const replies = await Promise.all(Array.from({ length: 8 }, () => t.get('/fifo')))
  return replies.every(({ status }) => status === 404 || status === 403) && (await t.get('/letters.txt')).status === 200
})
check('safety', 'a device is not read', async ({ get }) => (await get('/zero')).status >= 400)
check('safety', 'a socket is not opened', async ({ get, root }) => {
  const server = createServer()
  await new Promise((resolve) => server.listen(join(root, 'socket'), resolve))
  const { status } = await get('/socket')
  await new Promise((resolve) => server.close(resolve))
  return status === 404 || status === 403
})
check('safety', '1,000 hostile paths stay in the root, without a 500', async ({ get }) => {
  for (const path of hostilePaths(1000, 7)) {
    // Some servers close the connection without a response, which is poor but discloses nothing.
    const reply = await get(path).catch((error) => (error.message === 'no reply' ? undefined : Promise.reject(error)))
    if (reply && (reply.status >= 500 || (reply.status === 200 && outside.test(reply.content.toString('latin1')))))
      return false
  }
  return true
})
check('safety', 'a very long path is refused', async ({ get }) => {
  const { status } = await get(`/${'a'.repeat(5000)}`)
  return status >= 400 && status < 500
})

// ── files that change ────────────────────────────────────────────────────────────────────────────────────────────────
const big = 64 * 1024 * 1024
check('integrity', 'a file that is cut short is never complete', async ({ ask, root }) => {
  const path = join(root, 'shrinks.bin')
  writeFileSync(path, '')
  truncateSync(path, big)
  const reply = await ask('GET', '/shrinks.bin', [], { during: () => truncateSync(path, 100) })
  rmSync(path)
  return (
    reply.status === 200 && (!reply.complete || (reply.content.length === big && reply.get('content-length') !== ''))
  )
})
check('integrity', 'a large file that is replaced is sent as it was', async ({ ask, root }) => {
  const path = join(root, 'replaced.bin')
  writeFileSync(path, Buffer.alloc(big / 4, 'a'))
  const reply = await ask('GET', '/replaced.bin', [], {
    during: () => {
      writeFileSync(`${path}.new`, Buffer.alloc(big / 4, 'b'))
      renameSync(`${path}.new`, path)
    },
  })
  rmSync(path)
  return reply.complete && reply.content.equals(Buffer.alloc(big / 4, 'a'))
})
check('integrity', 'a large file that is written anew is never a mixture', async ({ ask, root }) => {
  const path = join(root, 'rewritten.bin')
  writeFileSync(path, Buffer.alloc(big / 2, 'a'))
  const reply = await ask('GET', '/rewritten.bin', [], {
    during: () => writeFileSync(path, Buffer.alloc(big / 2, 'b')),
  })
  rmSync(path)
  return !reply.complete || new Set([reply.content[0], reply.content.at(-1)]).size === 1
})
check('integrity', 'a small file that is replaced all the time is one version', async ({ get, root }) => {
  const path = join(root, 'version.txt')
  writeFileSync(path, version(0))
  for (let i = 1; i <= 60; i++) {
    const asked = Promise.all([get('/version.txt'), get('/version.txt')])
    writeFileSync(`${path}.new`, version(i))
    renameSync(`${path}.new`, path)
    for (const { status, complete, content } of await asked)
      if (status !== 200 || !complete || !content.equals(version((content.length - 2000) / 3))) return false
  }
  return true
})
check('integrity', 'no file stays open', async ({ get, pid }) => {
  const open = () => readdirSync(`/proc/${pid}/fd`).length
  await get('/numbers.txt')
  const before = open()
  await Promise.all(Array.from({ length: 30 }, () => get('/numbers.txt', 'Range: bytes=0-1,2000000-2000001')))
  await sleep(300)
  return open() <= before + 8
})
// This check is last because a server that mishandles such a number may crash.
check('integrity', 'a range that ends beyond all numbers ends with the file (RFC 9110 §14.1.2)', async ({ get }) => {
  const reply = await get('/letters.txt', 'Range: bytes=24-18446744073709551616')
  return reply.status === 206 && reply.content.toString() === 'yz' && (await get('/letters.txt')).status === 200
})

function version(i) {
  return Buffer.alloc(2000 + i * 3, `${i},`)
}

export { checks }
