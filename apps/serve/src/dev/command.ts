// The command `spillway dev`.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { readNumber } from '@spillway/command-line'
import { readCommand } from '../command.ts'
import { freePort, usualPort } from '../port.ts'
import { DevServer } from './dev-server.ts'
import { argumentsFor } from './typescript.ts'

export const command = {
  usage: 'dev file',
  what: `runs the application that a module exports, again after each change:

  spillway dev src/app.ts

PORT and HOST are read from the environment, or from .env, which the application gets, too.`,
  options: {
    port: { type: 'number', to: 65_535, short: 'p', value: 'number', help: '$PORT, or 3000, or the next free one' },
    host: { type: 'string', value: 'address', help: '$HOST, or 127.0.0.1; 0.0.0.0 is every address of the machine' },
    inspect: { type: 'number', to: 65_535, value: 'port', help: 'accept a debugger on this port, such as 9229' },
  },
} as const

/**
 * `spillway dev src/app.ts`: runs an application, again after each change.
 * @throws UsageError for arguments that make no sense, and when TypeScript cannot be run.
 */
export async function dev(args: readonly string[], print: (text: string) => void): Promise<void> {
  const read = readCommand(command, args, print)
  if (!read) return
  const { values, file } = read
  const program = { file, root: rootOf(file), execArgv: argumentsFor(file) }
  const environment = environmentOf(program.root)
  const host = values.host ?? environment['HOST'] ?? '127.0.0.1'
  const { PORT: place } = environment
  const wish = values.port ?? (place ? readNumber('PORT', place, command.options.port) : undefined)
  const port = wish ?? (await freePort(host))
  const server = new DevServer({ ...program, port, host, inspect: values.inspect, print })
  print(`spillway dev: ${await server.start()}`)
  if (wish === undefined && port !== usualPort) print(`port ${usualPort} is in use: this is another one`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      server.close()
      process.exitCode = 0
    })
}

/** The environment of the application. Variables that are set have precedence over .env. */
function environmentOf(root: string): NodeJS.ProcessEnv {
  const file = join(root, '.env')
  return { ...(existsSync(file) && parseEnv(readFileSync(file, 'utf8'))), ...process.env }
}

/** The nearest folder at or above the file's that has a package.json. */
function rootOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return dirname(file)
  }
}
