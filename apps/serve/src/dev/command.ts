// The command `spillway dev`.
import { existsSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { UsageError } from '../options.ts'
import { DevServer } from './dev-server.ts'
import { argumentsFor } from './typescript.ts'

const options = {
  port: { type: 'string', short: 'p' },
  host: { type: 'string' },
  inspect: { type: 'string' },
} as const

/**
 * `spillway dev src/app.ts`: runs an application, again after each change.
 * @throws UsageError for arguments that make no sense, and when TypeScript cannot be run.
 */
export async function dev(args: readonly string[], print: (text: string) => void): Promise<void> {
  const { values, file } = readFile(args, options)
  const port = portOf(values.port ?? process.env['PORT'] ?? '3000', '--port')
  const inspect = values.inspect === undefined ? undefined : portOf(values.inspect, '--inspect')
  const program = { file, root: rootOf(file), execArgv: argumentsFor(file) }
  const server = new DevServer({ ...program, port, host: values.host ?? '127.0.0.1', inspect, print })
  print(`spillway dev: ${await server.start()}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => {
      server.close()
      process.exitCode = 0
    })
}

/** One file, and options. @throws UsageError when it is not there. */
export function readFile<O extends NonNullable<Parameters<typeof parseArgs>[0]>['options']>(
  args: readonly string[],
  known: O,
): { values: { readonly [K in keyof O]?: string }; file: string } {
  let parsed
  try {
    parsed = parseArgs({ args: [...args], options: known!, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
  const [name, second] = parsed.positionals
  if (name === undefined || second !== undefined) throw new UsageError('One file is needed, such as src/app.ts')
  const file = resolve(name)
  if (!statSync(file, { throwIfNoEntry: false })?.isFile()) throw new UsageError(`There is no file ${file}`)
  return { values: parsed.values as { readonly [K in keyof O]?: string }, file }
}

function portOf(text: string, name: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text) || port > 65_535)
    throw new UsageError(`${name} must be a number from 0 to 65535, not ${text}`)
  return port
}

/** The nearest folder upwards that has a package.json. */
function rootOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (folder === dirname(folder)) return dirname(file)
  }
}
