import { readFileSync } from 'node:fs'
import { type Router, router } from '@spillway/middleware/router'
import { type FileSource, memoryFiles, staticFiles } from '@spillway/middleware/static'
import { unzipSync } from 'fflate'

/** Files of another server, each asked for when somebody wants it. */
const elsewhere: FileSource = {
  async open(path) {
    // encoded, and with a dot in front: `https:elsewhere` is a name, and would be a URL
    const url = `./${path.split('/').map(encodeURIComponent).join('/')}`
    const response = await fetch(new URL(url, process.env['FILES_AT'] ?? 'http://127.0.0.1:8080/'))
    if (!response.ok) return undefined
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { size: bytes.length, bytes: () => bytes, isCurrent: () => false }
  },
}

export const app: Router = router()
  .get('/docs/:path*', staticFiles(memoryFiles(unzipSync(readFileSync('docs.zip'))), { listing: true }))
  .get('/:path*', staticFiles(elsewhere))
