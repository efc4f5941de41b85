import { type FSWatcher, readdirSync, statSync, watch } from 'node:fs'
import { join } from 'node:path'

/** Editors write a file in several steps; milliseconds to wait for the last. */
const quietFor = 20

/** What programs are made of. */
const source = /\.(?:[cm]?[jt]sx?|json|html|css|sql)$|(?:^|[/\\])\.env(?:\.\w+)?$/
/** What is made from it, or installed. */
const ignored = /^(?:node_modules|dist|coverage|\.(?!env).*)$/

/**
 * Tells when a source of a project has changed.
 * @returns ends it.
 */
export function watchSources(root: string, changed: (file: string) => void): () => void {
  const watchers = new Map<string, FSWatcher>()
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = (file: string): void => {
    clearTimeout(timer)
    timer = setTimeout(() => changed(file), quietFor)
  }
  const follow = (folder: string): void => {
    const name = join(root, folder)
    if (watchers.has(folder) || ignored.test(folder) || !isFolder(name)) return
    const watcher = watch(name, { recursive: true }, (_, file) => {
      if (file !== null && source.test(file)) tell(join(folder, file))
    })
    // A folder that goes away is noticed by whoever needs its files.
    watcher.on('error', () => watchers.delete(folder))
    watchers.set(folder, watcher)
  }
  // One by one: what is installed is too much to be watched.
  const top = watch(root, (_, file) => {
    if (file === null) return
    if (source.test(file)) tell(file)
    else follow(file)
  })
  for (const name of readdirSync(root)) follow(name)
  return () => {
    clearTimeout(timer)
    for (const watcher of [top, ...watchers.values()]) watcher.close()
  }
}

function isFolder(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isDirectory() ?? false
}
