// The command line of the testbed.
import { type Option, type Options, UsageError, optionLines, readNumber, readOptions } from '@spillway/command-line'
import { type Limits, type ServerOptions, type Timeouts, defaultLimits, defaultTimeouts } from '@spillway/core'

/** What the testbed was asked for on its command line. */
export interface Arguments {
  readonly port: number
  readonly host: string
  /** `conformance`: one handler for every path; otherwise the application with routes. */
  readonly contract: 'conformance' | undefined
  /** Directory behind `/static/`. */
  readonly directory: string | undefined
  /** JSON file behind `/json/:count`. */
  readonly dataset: string | undefined
  /** Milliseconds that active requests have after SIGTERM. */
  readonly drain: number
  readonly server: ServerOptions
}

/** `bodyBytes` is set by `--max-body-bytes`, `bodyIdle` by `--body-idle-timeout`: every numeric option of core has its flag. */
const limitFlags = flagsOf(defaultLimits, (name) => `max-${name}`)
const timeoutFlags = flagsOf(defaultTimeouts, (name) => `${name}-timeout`)

/** The flags for core's numeric options. */
function numbersOf(flags: ReadonlyMap<string, string>, where: string): Options {
  const option = (key: string): Option => ({ type: 'number', value: 'number', help: `${where}.${key} of the server` })
  return Object.fromEntries([...flags].map(([flag, key]) => [flag, option(key)]))
}

const own = {
  port: { type: 'number', to: 65_535, value: 'number', help: 'where to listen (default: $PORT, or 3000)' },
  host: { type: 'string', value: 'address', help: 'where to listen (default: $HOST, or 127.0.0.1)' },
  contract: {
    type: 'string',
    choices: ['conformance'],
    value: 'conformance',
    help: 'one handler for every path, instead of the routed application',
  },
  static: { type: 'string', value: 'folder', help: 'what is behind /static/' },
  dataset: { type: 'string', value: 'file', help: 'the JSON file behind /json/:count' },
  'drain-timeout': {
    type: 'number',
    default: 10_000,
    value: 'ms',
    help: 'how long requests under way have to finish after SIGTERM',
  },
} as const satisfies Options

const numbers = { ...numbersOf(limitFlags, 'limits'), ...numbersOf(timeoutFlags, 'timeouts') }

/** One table for both the command line and the help. */
export const options: Options = { ...own, ...numbers }

export const usage: string = `testbed [options]: a server with known routes, for conformance tests and benchmarks

${optionLines(options)}
`

/** Reads the command line; PORT, HOST and MAX_CONNECTIONS in the environment are defaults. @throws UsageError for invalid values. */
export function readArguments(args: readonly string[], env: NodeJS.ProcessEnv): Arguments | 'help' | 'version' {
  const all: typeof own & Options = { ...own, ...numbers }
  const { values, positionals } = readOptions(args, all)
  if (values.help === true) return 'help'
  if (values.version === true) return 'version'
  if (positionals.length > 0) throw new UsageError(`There is no argument ${positionals[0]}. See --help.`)
  const fromEnv = (name: string, to?: number): number | undefined =>
    env[name] ? readNumber(name, env[name], to === undefined ? {} : { to }) : undefined
  const chosen = <T>(flags: ReadonlyMap<string, keyof T>): Partial<T> =>
    Object.fromEntries(
      [...flags].flatMap(([flag, key]) => (values[flag] === undefined ? [] : [[key, values[flag]]])),
    ) as Partial<T>

  const connections = fromEnv('MAX_CONNECTIONS')
  return {
    port: values.port ?? fromEnv('PORT', own.port.to) ?? 3000,
    host: values.host ?? env['HOST'] ?? '127.0.0.1',
    contract: values.contract,
    directory: values.static,
    dataset: values.dataset,
    drain: values['drain-timeout'],
    server: {
      limits: { ...(connections !== undefined && { connections }), ...chosen<Limits>(limitFlags) },
      timeouts: chosen<Timeouts>(timeoutFlags),
    },
  }
}

function flagsOf<T extends object>(defaults: T, flag: (name: string) => string): Map<string, keyof T> {
  return new Map(Object.keys(defaults).map((key) => [flag(kebab(key)), key as keyof T]))
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
