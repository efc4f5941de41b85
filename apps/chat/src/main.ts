import { fileURLToPath } from 'node:url'
import { closeOnSignals } from '@spillway/core'
import { env } from './env.ts'
import { start } from './start.ts'

const running = await start({ ...env, page: fileURLToPath(new URL('public', import.meta.url)) })
closeOnSignals(running)
console.log(`People talk at ${running.server.url}`)
