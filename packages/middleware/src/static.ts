export { type StaticFiles, type StaticOptions, staticFiles } from './lib/static/static-files.ts'
