// Files that are only in memory.
import type { FileSource, ListedFile, SourceFile } from './source.ts'

/** Content by path, `docs/index.html`; text is UTF-8. */
export type MemoryFiles = ReadonlyMap<string, string | Uint8Array> | Readonly<Record<string, string | Uint8Array>>

/**
 * Files in memory, for `staticFiles`: a bundle, an unpacked archive, files for a test. A map may be changed at any
 * time by giving a path new content; the bytes themselves must not change.
 */
export function memoryFiles(files: MemoryFiles): FileSource {
  const map =
    files instanceof Map ? (files as ReadonlyMap<string, string | Uint8Array>) : new Map(Object.entries(files))
  return {
    open(path) {
      const content = map.get(path)
      if (content !== undefined) return fileOf(content, () => map.get(path) === content)
      for (const name of map.keys()) if (path === '' || name.startsWith(`${path}/`)) return 'directory'
      return undefined
    },
    list(path) {
      const start = path === '' ? '' : `${path}/`
      const found = new Map<string, ListedFile>()
      for (const [key, content] of map) {
        if (!key.startsWith(start) || key === start) continue
        const [name = '', ...below] = key.slice(start.length).split('/')
        found.set(name, below.length > 0 ? { name, type: 'directory' } : { name, type: 'file', size: sizeOf(content) })
      }
      return found.size === 0 && path !== '' ? undefined : [...found.values()]
    },
  }
}

function sizeOf(content: string | Uint8Array): number {
  return typeof content === 'string' ? Buffer.byteLength(content) : content.length
}

function fileOf(content: string | Uint8Array, isCurrent: () => boolean): SourceFile {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  return { size: bytes.length, bytes: () => bytes, isCurrent }
}
