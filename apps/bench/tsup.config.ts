import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

// Each server is a separate program. Its dependencies are not bundled, as they would not be for users.
const config: Options = defineApp({
  entry: [
    'src/main.ts',
    'src/generator.ts',
    'src/idle.ts',
    'src/memory.ts',
    'src/micro.ts',
    'src/profiler.ts',
    'src/scale-clients.ts',
    'src/scale.ts',
    'src/tables.ts',
    'src/servers/*.ts',
  ],
  outDir: 'dist',
})
export default config
