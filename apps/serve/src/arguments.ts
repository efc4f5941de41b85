// Reads the command line and the configuration file.
import { type Option, UsageError, readOptions, readValue } from '@spillway/command-line'
import { nearest } from '@spillway/core/options'
import { type Given, type OptionName, options } from './options.ts'

/** What stands on the command line. */
export interface CommandLine {
  readonly folder: string | undefined
  readonly given: Given
}

const names = Object.keys(options)

/** Reads the command line. @throws UsageError for an unknown option, a missing value, or two folders. */
export function readArguments(args: readonly string[]): CommandLine {
  const { values, positionals } = readOptions(args, options, ofOthers)
  const [folder, second] = positionals
  // With the program `serve` one writes -l 5000 dist
  if (second !== undefined && values.listing === true && /^\d+$/.test(folder!))
    throw new UsageError(`--listing takes no value; the port is --port ${folder}`)
  if (second !== undefined) {
    const command = nearest(folder!, commands)
    throw new UsageError(
      `One folder is served at a time: ${folder} or ${second}?${command ? ` Or is it spillway ${command} ${second}?` : ''}`,
    )
  }
  return { folder, given: { ...values } }
}

/** The first argument is one of these, or a folder. */
export const commands = ['serve', 'dev', 'routes'] as const

/** The names that options of `serve`, `http-server` and `sirv-cli` have here, or why there are none. */
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
  ['u', 'Files are compressed where it is worth it, for clients that accept it'],
  ['no-compression', 'Files are compressed where it is worth it, for clients that accept it'],
  ['gzip', 'Files are compressed where it is worth it, for clients that accept it'],
  ['brotli', 'Files are compressed where it is worth it, for clients that accept it'],
])

/** Checks the keys and types of a configuration file. @throws UsageError that names the wrong key. */
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
  const allowed = names.filter((name) => name !== 'config')
  const given: Given = {}
  for (const [name, one] of Object.entries(rest)) {
    if (!allowed.includes(name)) {
      const meant = nearest(name, allowed)
      throw new UsageError(
        `${file}: there is no option ${JSON.stringify(name)}${meant ? `; did you mean "${meant}"?` : ''}`,
      )
    }
    given[name as OptionName] = checked(file, name as keyof typeof options, one)
  }
  return { folder, given }
}

function checked(
  file: string,
  name: keyof typeof options,
  value: unknown,
): string | number | boolean | readonly string[] {
  const option: Option = options[name]
  if (option.type === 'boolean') {
    if (typeof value === 'boolean') return value
    throw new UsageError(`${file}: ${name} must be true or false`)
  }
  if (option.multiple) {
    if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value
    throw new UsageError(`${file}: ${name} must be a list of strings`)
  }
  if (typeof value === 'string' || (typeof value === 'number' && option.type === 'number'))
    return readValue(`${file}: ${name}`, option, String(value))
  throw new UsageError(`${file}: ${name} must be a ${option.type}`)
}
