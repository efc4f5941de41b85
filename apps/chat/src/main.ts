import { fileURLToPath } from 'node:url'
import { explain } from '@spillway/command-line'
import { closeOnSignals } from '@spillway/core'
import { env } from './env.ts'
import { start } from './start.ts'

try {
  const running = await start({ ...env, page: fileURLToPath(new URL('public', import.meta.url)) })
  closeOnSignals(running)
  console.log(`People talk at ${running.server.url}`)
} catch (error) {
  console.error(`The chat cannot start: ${explain(error)}`)
  process.exit(1)
}
