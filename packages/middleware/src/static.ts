export { type MemoryFiles, memoryFiles } from './lib/static/memory-files.ts'
export type { FileSource, ListedFile, SourceFile } from './lib/static/source.ts'
export { type StaticFiles, type StaticOptions, staticFiles } from './lib/static/static-files.ts'
