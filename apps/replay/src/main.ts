#!/usr/bin/env node
import { ownVersion, runProgram } from '@spillway/command-line'
import { readArguments, usage } from './arguments.ts'
import { asFailure } from './failure.ts'
import { run } from './run.ts'

// a reader such as `head` may close the pipe early, which is not a failure
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit()
})

const { stderr } = process
const print = (text: string): void => void process.stdout.write(text)
const progress = (text: string): void => void (stderr.isTTY && stderr.write(`\r\x1b[K${text}`))

/** The exit status when a command failed; 1 means that responses differ. */
const couldNot = 2

async function main(args: readonly string[]): Promise<void> {
  try {
    await obey(readArguments(args))
  } catch (error) {
    throw asFailure(error)
  }
}

async function obey(command: ReturnType<typeof readArguments>): Promise<void> {
  if (command === 'help') print(usage)
  else if (command === 'version') print(`${ownVersion(new URL('../package.json', import.meta.url))}\n`)
  else process.exitCode = await run(command, { print, progress })
}

await runProgram('spillway-replay', main, couldNot)
