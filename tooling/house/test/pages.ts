import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = fileURLToPath(new URL('../../..', import.meta.url))

const made =
  /(?:^|\/)(?:node_modules|dist|coverage|tmp|\.turbo|\.git|\.changeset)(?:\/|$)|^apps\/docs\/site\/(?:reference|packages|decisions|security|benchmarks|limits)\b/

/** Files that people read: documentation, pages, and their sources; no generated files. */
export const pages: readonly string[] = pagesIn('')

function pagesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name)
    if (made.test(path)) return []
    return entry.isDirectory() ? pagesIn(path) : /\.(?:md|html)$/.test(path) ? [path] : []
  })
}
