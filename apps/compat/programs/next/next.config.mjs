import { fileURLToPath } from 'node:url'

export default {
  output: 'standalone',
  distDir: 'dist',
  outputFileTracingRoot: fileURLToPath(new URL('../../../..', import.meta.url)),
}
