// The command line of the bench.
import { UsageError, chosenFrom, optionLines, readOptions } from '@spillway/command-line'
import { contenders } from './servers.ts'
import { workloads } from './workloads.ts'

/** What the bench was asked for on its command line. */
export interface Arguments {
  readonly servers: readonly string[]
  readonly workloads: readonly string[]
  readonly rounds: number
  readonly seconds: number
  /** The server to which the others are compared. */
  readonly base: string
  /** The load generator; undefined: wrk, if it is installed. */
  readonly load: 'wrk' | 'own' | undefined
  /** File for the results. */
  readonly json: string | undefined
  /** File for a page with charts. */
  readonly html: string | undefined
  /** Whether to write CPU profiles of spillway. */
  readonly profile: boolean
}

const names = { servers: contenders.map(({ name }) => name), workloads: workloads.map(({ name }) => name) }

/** One table for both the command line and the help. */
export const options = {
  servers: { type: 'string', value: 'A,B', help: 'those that are measured, and in which order' },
  workloads: { type: 'string', value: 'X,Y', help: 'what is measured' },
  rounds: { type: 'number', from: 1, to: 100, default: 5, value: 'N', help: 'measured rounds, after a warm-up' },
  seconds: {
    type: 'number',
    from: 1,
    to: 600,
    default: 3,
    value: 'N',
    help: 'length of each run of the load generator',
  },
  base: { type: 'string', default: 'node-http', value: 'SERVER', help: 'the server that ratios are relative to' },
  load: {
    type: 'string',
    choices: ['wrk', 'own'],
    value: 'wrk|own',
    help: 'what makes the load: wrk, or the generator of the bench (default: wrk, if it is installed)',
  },
  json: { type: 'string', value: 'FILE', help: 'writes all numbers of all rounds' },
  html: { type: 'string', value: 'FILE', help: 'writes a page with charts' },
  profile: { type: 'boolean', help: 'writes CPU profiles of Spillway to ./profiles, and prints what takes the time' },
} as const

export const usage: string = `Measures web servers side by side, on 127.0.0.1.

${optionLines(options)}

${listed('Servers', names.servers)}
${listed('Workloads', names.workloads)}
`

/** Names, wrapped into lines that fit. */
function listed(title: string, all: readonly string[]): string {
  const lines = [`${title}:`]
  for (const name of all) {
    const last = lines.at(-1)!
    if (last.length + name.length + 2 > 98) lines.push(`  ${name}`)
    else lines[lines.length - 1] = `${last}${last.endsWith(':') ? '' : ','} ${name}`
  }
  return lines.join(',\n')
}

/** @throws UsageError for arguments that cannot be used. */
export function readArguments(args: readonly string[]): Arguments | 'help' | 'version' {
  // pnpm and npm differ in whether they pass the `--` on.
  const { values, positionals } = readOptions(args[0] === '--' ? args.slice(1) : args, options)
  if (values.help === true) return 'help'
  if (values.version === true) return 'version'
  if (positionals.length > 0)
    throw new UsageError(`${positionals[0]} is not an option: choose with --servers and --workloads`)
  return {
    servers:
      values.servers === undefined
        ? contenders.filter(({ isAside }) => !isAside).map(({ name }) => name)
        : chosenNames('server', values.servers, names.servers),
    workloads:
      values.workloads === undefined ? names.workloads : chosenNames('workload', values.workloads, names.workloads),
    rounds: values.rounds,
    seconds: values.seconds,
    base: chosenFrom('server', values.base, names.servers),
    load: values.load,
    json: values.json,
    html: values.html,
    profile: values.profile === true,
  }
}

/**
 * The names in a list with commas, in the order given and without duplicates.
 * @throws UsageError for a name that is not among them, and for none.
 */
export function chosenNames(what: string, list: string, all: readonly string[]): readonly string[] {
  const wanted = list.split(',').filter((name) => name !== '')
  if (wanted.length === 0) throw new UsageError(`A ${what} needs a name: ${all.join(', ')}`)
  return [...new Set(wanted.map((name) => chosenFrom(what, name, all)))]
}
