// The command `spillway dev`.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import { type Command, readCommand } from '../command.ts'
import { UsageError } from '../options.ts'
import { freePort, usualPort } from '../port.ts'
import { DevServer } from './dev-server.ts'
import { argumentsFor } from './typescript.ts'

const command = {
  usage: 'dev file',
  what: `runs the application that a module exports, again after each change:

  spillway dev src/app.ts

PORT and HOST are read from the environment, or from .env, which the application gets, too.`,
  options: {
    port: { type: 'string', short: 'p', value: 'number', help: '$PORT, or 3000, or the next free one' },
    host: { type: 'string', value: 'address', help: '$HOST, or 127.0.0.1; 0.0.0.0 is every address of the machine' },
    inspect: { type: 'string', value: 'port', help: 'accept a debugger on this port, such as 9229' },
  },
} as const satisfies Command

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
  const inspect = values.inspect === undefined ? undefined : portOf(values.inspect, '--inspect')
  const host = values.host ?? environment['HOST'] ?? '127.0.0.1'
  const wish = values.port === undefined ? environment['PORT'] : values.port
  const port = wish ? portOf(wish, values.port === undefined ? 'PORT' : '--port') : await freePort(host)
  const server = new DevServer({ ...program, port, host, inspect, print })
  print(`spillway dev: ${await server.start()}`)
  if (!wish && port !== usualPort) print(`port ${usualPort} is in use: this is another one`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      server.close()
      process.exitCode = 0
    })
}

/** What the application is going to see. What is set is stronger than what a file says. */
function environmentOf(root: string): NodeJS.ProcessEnv {
  const file = join(root, '.env')
  return { ...(existsSync(file) && parseEnv(readFileSync(file, 'utf8'))), ...process.env }
}

function portOf(text: string, name: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`${name} is a number from 0 to 65535, not ${JSON.stringify(text)}`)
  return port
}

/** The nearest folder upwards that has a package.json. */
function rootOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return dirname(file)
  }
}
