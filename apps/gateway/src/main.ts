#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { closeOnSignals } from '@spillway/core'

const [first, ...rest] = process.argv.slice(2)
if (first === '--demo-backend') {
  const { runBackend } = await import('./backend.ts')
  await runBackend(rest[0] ?? 'a', Number(rest[1] ?? 0))
} else if (first === '--help' || first === '-h') {
  console.log(`Usage: gateway [config.json]
       gateway --test config.json    say what is wrong with it, and use it for nothing
       gateway --schema              what a configuration may say, as JSON Schema, for editors
       gateway --version

Without a file, a demo is started: servers of its own, and clients that ask them.
SIGHUP reads the configuration again, SIGTERM and Ctrl-C end in order.`)
} else if (first === '--version' || first === '-v') {
  console.log((JSON.parse(readFileSync(here('../package.json'), 'utf8')) as { version: string }).version)
} else if (first === '--schema') {
  const { jsonSchema } = await import('./json-schema.ts')
  console.log(JSON.stringify(jsonSchema(), null, 2))
} else if (first === '--test' || first === '-t') await test(rest[0])
else if (first?.startsWith('-')) fail(new Error(`There is no option ${first}; see --help`))
else await run(first)

async function test(file: string | undefined): Promise<void> {
  const { Gateway } = await import('./gateway.ts')
  try {
    if (file === undefined) throw new Error('--test needs the name of a file')
    Gateway.check(file)
    console.log(`${file}: no mistakes`)
  } catch (error) {
    fail(error as Error)
  }
}

function fail({ message }: Error): void {
  console.error(`gateway: ${message}`)
  process.exitCode = 1
}

async function run(name: string | undefined): Promise<void> {
  const { ConfigError, readConfig } = await import('./config.ts')
  const { Gateway, askForCertificates } = await import('./gateway.ts')
  const file = name ?? here('../demo.json')
  const options = { file, page: here('public'), program: fileURLToPath(import.meta.url) }
  try {
    const config = readConfig(file)
    const { workers = 1, deadline, announce, listen } = config
    if (workers > 1) {
      const { cluster } = await import('@spillway/core/cluster')
      await cluster(() => Gateway.start(options), { workers, deadline, announce })
      const acme = askForCertificates(config)
      // The workers read it themselves when they are replaced.
      if (acme) process.on('SIGHUP', () => askAnew(() => acme.use(readConfig(file))))
      for (const { host, port } of listen) console.log(`gateway on ${host}, port ${port}, with ${workers} workers`)
      return
    }
    const gateway = await Gateway.start(options)
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

/** A configuration that cannot be used changes nothing: the workers say what is wrong with it. */
function askAnew(use: () => void): void {
  try {
    use()
  } catch {}
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
