// Commands that take one file: `dev` and `routes`.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { type Options, UsageError, type Values, ownVersion, readOptions, styleFor } from '@spillway/command-line'
import { commandHelp } from './help.ts'

/** The package.json of this program. */
export const manifest: URL = new URL('../package.json', import.meta.url)

/** A command, and what its help says. */
export interface Command {
  /** What follows `spillway` on the command line. */
  readonly usage: string
  /** A sentence without its subject. */
  readonly what: string
  readonly options: Options
}

/** What such a command is given. */
interface Read<C extends Command> {
  readonly values: Values<C['options']>
  /** The absolute path. */
  readonly file: string
}

/**
 * Reads the arguments of a command. Undefined when they ask for its help or its version, which it prints.
 * @throws UsageError when the file is not there, and for what cannot be understood.
 */
export function readCommand<C extends Command>(
  command: C,
  args: readonly string[],
  print: (text: string) => void,
): Read<C> | undefined {
  const { values, positionals } = readOptions(args, command.options)
  if (values.help === true) {
    print(commandHelp(command, styleFor(process.stdout)).trimEnd())
    return undefined
  }
  if (values.version === true) {
    print(ownVersion(manifest))
    return undefined
  }
  const [name, second] = positionals
  if (name === undefined || second !== undefined) throw new UsageError('One file is needed, such as src/app.ts')
  const file = resolve(name)
  const stats = statSync(file, { throwIfNoEntry: false })
  if (stats?.isDirectory())
    throw new UsageError(`${file} is a folder; name the file in it that exports the application`)
  if (!stats) throw new UsageError(`There is no file ${file}`)
  return { values, file } as Read<C>
}
