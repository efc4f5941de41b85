// Requests 10,000 hostile paths from a file server, and replaces a file 1,000 times while 16 clients request it.
// Usage: node tooling/reliability/static-files.mjs [paths, default 10000] [replacements, default 1000]; build first.
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { serve } from '../../packages/core/dist/index.js'
import { staticFiles } from '../../packages/middleware/dist/static.js'
import { ask } from '../conformance/static/client.mjs'
import { hostilePaths } from '../conformance/static/hostile-paths.mjs'
import { makeSite } from '../conformance/static/site.mjs'
import { countsOf } from '../command-line/index.js'

const { paths, replacements } = countsOf('static-files', { paths: 10_000, replacements: 1000 })
const root = makeSite()
const options = { listing: true, precompressed: true, compress: true, cleanUrls: true, recheckAfter: 1 }
const server = await serve(staticFiles(root, options), { port: 0 })
const outside = /top secret|root:x:0|root-not/

async function hostile() {
  const queue = hostilePaths(paths, 42)
  const statuses = new Map()
  let escaped = 0
  const client = async () => {
    for (const path of queue) {
      const { status, content } = await ask(server.port, 'GET', path)
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      // Not every 200 is wrong: `/docs/../letters.txt` is a file of the site.
      if (outside.test(content.toString('latin1')) || status >= 500) {
        escaped++
        console.error(`${status} ${path}`)
      }
    }
  }
  await Promise.all(Array.from({ length: 16 }, client))
  const told = [...statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`)
  console.log(`${paths} hostile paths: ${told.join(', ')}; ${escaped} left the root or failed`)
  return escaped
}

/** Each version consists of its number, repeated, and has a length of its own; the larger ones are streamed. */
const version = (i) => Buffer.alloc((i % 10 === 0 ? 1_100_000 : 3000) + i * 7, `${String(i).padStart(6, '0')},`)
const numberOf = (content) => Number(content.toString('latin1', 0, 6))

async function replaced() {
  const path = join(root, 'version.txt')
  writeFileSync(path, version(0))
  const counts = { whole: 0, wrong: 0, cut: 0 }
  const tags = new Map()
  const load = { running: true }
  const client = async () => {
    while (load.running) {
      const { status, complete, content, get } = await ask(server.port, 'GET', '/version.txt')
      const number = numberOf(content)
      if (!complete) counts.cut++
      else if (status !== 200 || !content.equals(version(number))) counts.wrong++
      else counts.whole++
      const tag = get('etag')
      if (!tag.startsWith('W/') && (tags.get(tag) ?? number) !== number) counts.wrong++
      tags.set(tag, number)
    }
  }
  const clients = Array.from({ length: 16 }, client)
  for (let i = 1; i <= replacements; i++) {
    writeFileSync(`${path}.new`, version(i))
    renameSync(`${path}.new`, path)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  load.running = false
  await Promise.all(clients)
  console.log(
    `replaced ${replacements} times: ${counts.whole} replies of one version, ${counts.wrong} wrong, ${counts.cut} cut`,
  )
  return counts.wrong + counts.cut
}

const failures = (await hostile()) + (await replaced())
await server.close({ deadline: 0 })
rmSync(dirname(root), { recursive: true })
process.exitCode = failures === 0 ? 0 : 1
