#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { closeOnSignals } from '@spillway/core'

/** Milliseconds that requests under way have to finish after a signal. */
const deadline = 10_000

const [first, ...rest] = process.argv.slice(2)
if (first === '--demo-backend') {
  const { runBackend } = await import('./backend.ts')
  await runBackend(rest[0] ?? 'a', Number(rest[1] ?? 0))
} else if (first === '--help' || first === '-h') {
  console.log(`Usage: gateway [config.json]

Without a file, a demo is started: servers of its own, and clients that ask them.
SIGHUP reads the configuration again, SIGTERM and Ctrl-C end in order.`)
} else await run(first)

async function run(file: string | undefined): Promise<void> {
  const { ConfigError } = await import('./config.ts')
  const { Gateway } = await import('./gateway.ts')
  try {
    const gateway = await Gateway.start({
      file: file ?? here('../demo.json'),
      page: here('public'),
      program: fileURLToPath(import.meta.url),
    })
    process.on('SIGHUP', () => {
      try {
        gateway.reload()
        console.log('gateway: the configuration was loaded again')
      } catch (error) {
        console.error(`gateway: nothing was changed. ${(error as Error).message}`)
      }
    })
    closeOnSignals(gateway, { deadline })
    // Who reads this may send signals.
    console.log(`gateway on ${gateway.url}`)
    if (gateway.adminUrl) console.log(`dashboard on ${gateway.adminUrl}`)
  } catch (error) {
    const known = error instanceof ConfigError || (error as NodeJS.ErrnoException).code !== undefined
    console.error(known ? `gateway: ${(error as Error).message}` : error)
    process.exitCode = 1
  }
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
