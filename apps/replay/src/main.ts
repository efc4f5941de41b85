#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { readArguments, usage } from './arguments.ts'
import { FormatError, UsageError } from './failure.ts'
import { run } from './run.ts'

// a reader such as `head` that has seen enough is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const { stderr } = process

try {
  const command = readArguments(process.argv.slice(2))
  if (command === 'help') process.stdout.write(usage)
  else if (command === 'version') {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
    process.stdout.write(`${(JSON.parse(manifest) as { version: string }).version}\n`)
  } else
    process.exitCode = await run(command, {
      print: (text) => void process.stdout.write(text),
      progress: (text) => void (stderr.isTTY && stderr.write(`\r\x1b[K${text}`)),
    })
} catch (error) {
  const { code, message, stack } = error as NodeJS.ErrnoException
  const isKnown = error instanceof UsageError || error instanceof FormatError || code !== undefined
  console.error(`spillway-replay: ${isKnown ? message : stack}`)
  process.exitCode = 2
}
