import { defineApp } from '@spillway/tsup-config'
import type { Options } from 'tsup'

// Each server is a program of its own. What they import are dependencies, so it stays outside, as it would for users.
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
