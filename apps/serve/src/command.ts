// Commands that take one file: `dev` and `routes`.
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parse } from './arguments.ts'
import { commandHelp } from './help.ts'
import { type Option, UsageError, options } from './options.ts'
import { styleFor } from './style.ts'

/** A command, and what its help says. */
export interface Command {
  /** What is written behind `spillway`. */
  readonly usage: string
  /** A sentence without its subject. */
  readonly what: string
  readonly options: Readonly<Record<string, Option>>
}

const always = { help: options.help } as const

/** What such a command is given. */
interface Read<C extends Command> {
  readonly values: ReturnType<typeof parse<C['options']>>['values']
  /** The whole path. */
  readonly file: string
}

/**
 * Reads what stands behind a command. Undefined when it was asked for its help, which is printed then.
 * @throws UsageError when the file is not there, and for what cannot be understood.
 */
export function readCommand<C extends Command>(
  command: C,
  args: readonly string[],
  print: (text: string) => void,
): Read<C> | undefined {
  const all = { ...command.options, ...always }
  const { values, positionals } = parse(args, all)
  if (values.help === true) {
    print(commandHelp({ ...command, options: all }, styleFor(process.stdout)).trimEnd())
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
