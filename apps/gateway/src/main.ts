#!/usr/bin/env node
import { fileURLToPath } from 'node:url'
import { explain, ownVersion, runProgram } from '@spillway/command-line'
import { closeOnSignals } from '@spillway/core'
import { readArguments, usage } from './arguments.ts'

const [first, backend, port] = process.argv.slice(2)
// The demo starts its servers in processes of this program.
if (first === '--demo-backend') {
  const { runBackend } = await import('./backend.ts')
  await runBackend(backend ?? 'a', Number(port ?? 0))
} else await runProgram('gateway', main)

async function main(args: readonly string[]): Promise<void> {
  const command = readArguments(args)
  if (command.do === 'help') process.stdout.write(usage)
  else if (command.do === 'version') console.log(ownVersion(new URL('../package.json', import.meta.url)))
  else if (command.do === 'schema') {
    const { jsonSchema } = await import('./json-schema.ts')
    console.log(JSON.stringify(jsonSchema(), null, 2))
  } else if (command.do === 'test') {
    const { Gateway } = await import('./gateway.ts')
    Gateway.check(command.file)
    console.log(`${command.file}: no mistakes`)
  } else await run(command.file)
}

async function run(name: string | undefined): Promise<void> {
  const { readConfig } = await import('./config.ts')
  const { Gateway, askForCertificates } = await import('./gateway.ts')
  const file = name ?? here('../demo.json')
  const options = { file, page: here('public'), program: fileURLToPath(import.meta.url) }
  const config = readConfig(file)
  const { workers = 1, deadline, announce, listen } = config
  if (workers > 1) {
    const { cluster } = await import('@spillway/core/cluster')
    await cluster(() => Gateway.start(options), { workers, deadline, announce })
    const acme = askForCertificates(config)
    // The new workers read the configuration themselves.
    if (acme) process.on('SIGHUP', () => askAnew(() => acme.use(readConfig(file))))
    for (const one of listen) console.log(`gateway on ${one.host}, port ${one.port}, with ${workers} workers`)
    return
  }
  const gateway = await Gateway.start(options)
  process.on('SIGHUP', () => {
    try {
      gateway.reload()
      console.log('gateway: the configuration was loaded again')
    } catch (error) {
      console.error(`gateway: nothing was changed. ${explain(error)}`)
    }
  })
  closeOnSignals(gateway, { deadline })
  // Printed last: from here on, signals are handled.
  console.log(`gateway on ${gateway.url}`)
  if (gateway.adminUrl) console.log(`dashboard on ${gateway.adminUrl}`)
}

/** An invalid configuration changes nothing; the workers print its mistakes. */
function askAnew(use: () => void): void {
  try {
    use()
  } catch {}
}

function here(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url))
}
