// Reads the command line and the configuration file.
import { parseArgs } from 'node:util'
import { nearest } from '@spillway/core/options'
import { type Given, type Option, type OptionName, UsageError, optionEntries, options } from './options.ts'

/** What stands on the command line. */
export interface CommandLine {
  readonly folder: string | undefined
  readonly given: Given
}

const names = Object.keys(options)

/** Reads the command line. @throws UsageError for an option that there is not, a missing value, or two folders. */
export function readArguments(args: readonly string[]): CommandLine {
  const parsed = parse(args, options, ofOthers)
  const [folder, second] = parsed.positionals
  // So it is said to `serve`: -l 5000 dist
  if (second !== undefined && parsed.values.listing === true && /^\d+$/.test(folder!))
    throw new UsageError(`--listing takes no value; the port is --port ${folder}`)
  if (second !== undefined) {
    const command = nearest(folder!, commands)
    throw new UsageError(
      `One folder is served at a time: ${folder} or ${second}?${command ? ` Or is it spillway ${command} ${second}?` : ''}`,
    )
  }
  return { folder, given: { ...parsed.values } }
}

/**
 * Reads options and what stands beside them. Node's parser says what is unknown, and this says what may have been meant.
 * @param elsewhere says what options of other programs are called here.
 * @throws UsageError for an option that there is not, and a missing value.
 */
export function parse<O extends Readonly<Record<string, Option>>>(
  args: readonly string[],
  known: O,
  elsewhere: ReadonlyMap<string, string> = new Map(),
): ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>> {
  const { tokens } = parseArgs({ args: [...args], options: known, allowPositionals: true, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind !== 'option' || Object.hasOwn(known, token.name)) continue
    const other = elsewhere.get(token.name)
    if (other !== undefined) throw new UsageError(`There is no ${token.rawName}. ${other}`)
    throw unknownOption(token.rawName, token.name.length > 1 ? nearest(token.name, Object.keys(known)) : undefined)
  }
  try {
    return parseArgs({ args: [...args], options: known, allowPositionals: true })
  } catch (error) {
    throw new UsageError(explain(error as Error, known), { cause: error })
  }
}

/** What stands first on the command line, when it is no folder. */
const commands = ['serve', 'dev', 'routes'] as const

/** What options of `serve`, `http-server` and `sirv-cli` are called here, or why there are none. */
const ofOthers: ReadonlyMap<string, string> = new Map([
  ['single', 'It is called --spa'],
  ['listen', 'It is --port, and --host for the address'],
  ['a', 'It is --host'],
  ['C', 'It is --cors'],
  ['P', 'It is --proxy /path=url, for what is below a path'],
  ['S', 'A link is followed as long as it stays in the folder; HTTPS is --https'],
  ['symlinks', 'A link is followed as long as it stays in the folder'],
  ['tls', 'It is --https'],
  ['ssl-cert', 'It is --cert'],
  ['ssl-key', 'It is --key'],
  ['d', '--listing lists folders'],
  ['dev', 'It is --live; an application is run by: spillway dev'],
  ['n', 'Nothing is copied to the clipboard'],
  ['no-clipboard', 'Nothing is copied to the clipboard'],
  ['L', 'It is --log none'],
  ['no-request-logging', 'It is --log none'],
  ['silent', 'It is --log none'],
  ['quiet', 'It is --log none'],
  ['no-port-switching', 'With --port no other port is taken'],
  ['u', 'What is worth it is compressed, for who takes that'],
  ['no-compression', 'What is worth it is compressed, for who takes that'],
  ['gzip', 'What is worth it is compressed, for who takes that'],
  ['brotli', 'What is worth it is compressed, for who takes that'],
])

function unknownOption(raw: string, meant: string | undefined): UsageError {
  return new UsageError(`There is no ${raw}. ${meant ? `Did you mean --${meant}?` : 'See --help.'}`)
}

function explain(error: Error, known: Readonly<Record<string, Option>>): string {
  const [, name = ''] = /'(?:-\w, )?--(\w+)/.exec(error.message) ?? []
  const option = Object.hasOwn(known, name) ? known[name] : undefined
  if (!option) return error.message
  return option.type === 'string' ? `--${name} needs a value: --${name} ${option.value}` : `--${name} takes no value`
}

/** Checks the keys and types of a configuration file. @throws UsageError with the path of what is wrong. */
export function readConfig(file: string, text: string): { readonly folder: string | undefined; readonly given: Given } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new UsageError(`${file} is not JSON: ${(error as Error).message}`, { cause: error })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`${file} must be an object of options, such as { "spa": true }`)
  const { folder, $schema: _, ...rest } = value as Record<string, unknown>
  if (folder !== undefined && typeof folder !== 'string') throw new UsageError(`${file}: folder must be a string`)
  const allowed = names.filter((name) => !['config', 'help', 'version'].includes(name))
  const given: Given = {}
  for (const [name, one] of Object.entries(rest)) {
    if (!allowed.includes(name)) {
      const meant = nearest(name, allowed)
      throw new UsageError(
        `${file}: there is no option ${JSON.stringify(name)}${meant ? `; did you mean "${meant}"?` : ''}`,
      )
    }
    given[name as OptionName] = checked(file, name as OptionName, one)
  }
  return { folder, given }
}

function checked(file: string, name: OptionName, value: unknown): string | boolean | readonly string[] {
  const [, option] = optionEntries.find(([one]) => one === name)!
  if (option.type === 'boolean') {
    if (typeof value === 'boolean') return value
    throw new UsageError(`${file}: ${name} must be true or false`)
  }
  if (option.multiple) {
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
    throw new UsageError(`${file}: ${name} must be a list of strings`)
  }
  if (typeof value === 'string') return value
  if (typeof value === 'number' && name === 'port') return String(value)
  throw new UsageError(`${file}: ${name} must be a string`)
}
