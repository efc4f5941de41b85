import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { FolderWatch } from '../folder-watch.ts'

/** Milliseconds to wait for the next step of a save when the file is whole, and when it has been emptied or has gone. */
const quietFor = { whole: 5, nothing: 20 }
/** Milliseconds in which what has the same content still belongs to the same save: permissions, or a copy for safety. */
const echoFor = 500

/** What programs are made of. */
const source = /\.(?:[cm]?[jt]sx?|json|html|css|sql)$|(?:^|[/\\])\.env(?:\.\w+)?$/
/** What is made from it. */
const made = /^(?:dist|coverage)$/

/**
 * Tells when a source of a project has changed: once for a save, also where an editor makes it in several steps.
 * @param changed is given the file, as seen from the project.
 * @returns ends it.
 */
export function watchSources(root: string, changed: (file: string) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stirred = new Set<string>()
  /** What the last save consisted of, by file. */
  const saved = new Map<string, string>()
  let savedAt = 0
  const tell = (): void => {
    const [first] = stirred
    saved.clear()
    for (const path of stirred) saved.set(path, contentOf(path))
    stirred.clear()
    savedAt = performance.now()
    changed(relative(root, first!))
  }
  const hear = (path: string): void => {
    if (!source.test(path) && !path.endsWith(sep)) return
    const content = contentOf(path)
    if (performance.now() - savedAt < echoFor && saved.get(path) === content) return
    stirred.add(path)
    clearTimeout(timer)
    timer = setTimeout(tell, content === '' ? quietFor.nothing : quietFor.whole)
  }
  const watch = new FolderWatch(root, hear, (path) => dirname(path) === root && made.test(relative(root, path)))
  return () => {
    clearTimeout(timer)
    watch.close()
  }
}

/** What tells one content from another; nothing for a file that is empty, or has gone. */
function contentOf(path: string): string {
  try {
    const content = readFileSync(path)
    return content.length === 0 ? '' : createHash('sha1').update(content).digest('base64')
  } catch {
    return ''
  }
}
