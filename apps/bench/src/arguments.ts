// The command line of the bench.
import { parseArgs } from 'node:util'
import { contenders } from './servers.ts'
import { workloads } from './workloads.ts'

/** What the bench was asked for on its command line. */
export interface Arguments {
  readonly servers: readonly string[]
  readonly workloads: readonly string[]
  readonly rounds: number
  readonly seconds: number
  /** The server that the ratios are taken to. */
  readonly base: string
  /** Who makes the load; undefined: wrk, if it is installed. */
  readonly load: 'wrk' | 'own' | undefined
  /** File for the results. */
  readonly json: string | undefined
  /** File for a page with charts. */
  readonly html: string | undefined
  /** Leaves CPU profiles of spillway. */
  readonly profile: boolean
  readonly help: boolean
}

/** @throws TypeError for what cannot be done. */
export function readArguments(args: readonly string[]): Arguments {
  const { values } = parseArgs({
    // pnpm and npm differ in whether they pass the `--` on.
    args: args[0] === '--' ? args.slice(1) : [...args],
    options: {
      servers: { type: 'string' },
      workloads: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      base: { type: 'string', default: 'node-http' },
      load: { type: 'string' },
      json: { type: 'string' },
      html: { type: 'string' },
      profile: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const [base = ''] = chosen('base', values.base, contenders)
  return {
    servers:
      values.servers === undefined
        ? contenders.filter(({ isAside }) => !isAside).map(({ name }) => name)
        : chosen('servers', values.servers, contenders),
    workloads: chosen('workloads', values.workloads, workloads),
    rounds: count('rounds', values.rounds, 100),
    seconds: count('seconds', values.seconds, 600),
    base,
    load: generator(values.load),
    json: values.json,
    html: values.html,
    profile: values.profile,
    help: values.help,
  }
}

function generator(text: string | undefined): 'wrk' | 'own' | undefined {
  if (text === undefined || text === 'wrk' || text === 'own') return text
  throw new TypeError(`--load takes wrk or own, not ${JSON.stringify(text)}`)
}

function chosen(flag: string, list: string | undefined, all: readonly { readonly name: string }[]): string[] {
  const names = all.map(({ name }) => name)
  if (list === undefined) return names
  const wanted = list.split(',').filter((name) => name !== '')
  const unknown = wanted.find((name) => !names.includes(name))
  if (unknown !== undefined) throw new TypeError(`--${flag}: there is no ${unknown} among ${names.join(', ')}`)
  if (wanted.length === 0) throw new TypeError(`--${flag} needs a name: ${names.join(', ')}`)
  // In the order given, and each once.
  return [...new Set(wanted)]
}

function count(flag: string, text: string, most: number): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < 1 || value > most)
    throw new TypeError(`--${flag} takes a whole number from 1 to ${most}, not ${JSON.stringify(text)}`)
  return value
}

export const usageText: string = `Measures web servers side by side, on 127.0.0.1.

  --servers a,b     ${contenders.map(({ name }) => name).join(', ')}
  --workloads x,y   ${workloads.map(({ name }) => name).join(', ')}
  --rounds 5        measured rounds, after a warm-up
  --seconds 3       length of each run of the load generator
  --base node-http  the server that ratios are taken to
  --load wrk|own    who makes the load: wrk, or the generator that is part of the bench
  --json FILE       writes all numbers of all rounds
  --html FILE       writes a page with charts
  --profile         leaves CPU profiles of spillway in ./profiles and says what costs
`
