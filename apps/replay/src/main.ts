#!/usr/bin/env node
import { ownVersion, runProgram } from '@spillway/command-line'
import { readArguments, usage } from './arguments.ts'
import { run } from './run.ts'

// a reader such as `head` that has seen enough is no failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const { stderr } = process
const print = (text: string): void => void process.stdout.write(text)

/** 1 says that answers differ. */
const couldNot = 2

async function main(args: readonly string[]): Promise<void> {
  const command = readArguments(args)
  if (command === 'help') print(usage)
  else if (command === 'version') print(`${ownVersion(new URL('../package.json', import.meta.url))}\n`)
  else
    process.exitCode = await run(command, {
      print,
      progress: (text) => void (stderr.isTTY && stderr.write(`\r\x1b[K${text}`)),
    })
}

await runProgram('spillway-replay', main, couldNot)
