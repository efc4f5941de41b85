import { readFileSync } from 'node:fs'
import { type Router, router } from '@spillway/middleware/router'
import { type FileSource, memoryFiles, staticFiles } from '@spillway/middleware/static'
import { unzipSync } from 'fflate'

/** Files of another server, fetched on demand. */
const elsewhere: FileSource = {
  async open(path) {
    // encoded, with a dot in front, so that a file named `https:elsewhere` is not taken for a URL
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
