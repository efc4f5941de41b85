import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { FolderWatch } from '../folder-watch.ts'

/** Milliseconds to wait for the next step of a save: when the file has content, and when it is empty or missing. */
const quietFor = { whole: 5, nothing: 20 }
/** Milliseconds in which further events with the same content belong to the same save: changed permissions, or a backup copy. */
const echoFor = 500

/** Files that are sources. */
const source = /\.(?:[cm]?[jt]sx?|json|html|css|sql)$|(?:^|[/\\])\.env(?:\.\w+)?$/
/** Folders with files that are generated. */
const made = /^(?:dist|coverage)$/

/**
 * Reports changes of a project's sources: once for each save, even if an editor makes it in several steps.
 * @param changed called with the path of the file, relative to the project.
 * @returns a function that stops watching.
 */
export function watchSources(root: string, changed: (file: string) => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const stirred = new Set<string>()
  /** The content of the files of the last save. */
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

/** A digest of a file's content; empty for a file that is empty or missing. */
function contentOf(path: string): string {
  try {
    const content = readFileSync(path)
    return content.length === 0 ? '' : createHash('sha1').update(content).digest('base64')
  } catch {
    return ''
  }
}
