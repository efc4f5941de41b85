import { fileURLToPath } from 'node:url'
import { closeOnSignals } from '@spillway/core'
import { env } from './env.ts'
import { start } from './start.ts'

try {
  const running = await start({ ...env, page: fileURLToPath(new URL('public', import.meta.url)) })
  closeOnSignals(running)
  console.log(`People talk at ${running.server.url}`)
} catch (error) {
  const isKnown = (error as NodeJS.ErrnoException).code !== undefined
  console.error(isKnown ? `The chat cannot start: ${(error as Error).message}` : error)
  process.exit(1)
}
