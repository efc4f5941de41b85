// The command line of the testbed.
import { parseArgs } from 'node:util'
import { type Limits, type ServerOptions, type Timeouts, defaultLimits, defaultTimeouts } from '@spillway/core'

/** What the testbed was asked for on its command line. */
export interface Arguments {
  readonly port: number
  readonly host: string
  /** `conformance`: one handler for every path; otherwise the routed application. */
  readonly contract: 'conformance' | undefined
  /** Directory behind `/static/`. */
  readonly directory: string | undefined
  /** JSON file behind `/json/:count`. */
  readonly dataset: string | undefined
  /** Milliseconds that SIGTERM leaves to what is active. */
  readonly drain: number
  readonly server: ServerOptions
}

/** `bodyBytes` is set by `--max-body-bytes`, `bodyIdle` by `--body-idle-timeout`: every number of core has its flag. */
const limitFlags = flagsOf(defaultLimits, (name) => `max-${name}`)
const timeoutFlags = flagsOf(defaultTimeouts, (name) => `${name}-timeout`)

/** Reads the command line; PORT, HOST and MAX_CONNECTIONS in the environment are defaults. @throws TypeError for a bad one. */
export function readArguments(args: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  const numbers = [...limitFlags.keys(), ...timeoutFlags.keys(), 'port', 'drain-timeout']
  const texts = ['host', 'static', 'dataset', 'contract']
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries([...numbers, ...texts].map((name) => [name, { type: 'string' as const }])),
  })
  const text = (name: string): string | undefined => values[name]
  const number = (name: string, fallback: string | undefined): number | undefined => {
    const value = text(name) ?? fallback
    if (value === undefined) return undefined
    if (!/^\d+$/.test(value)) throw new TypeError(`--${name} takes a whole number, not ${JSON.stringify(value)}`)
    return Number(value)
  }
  const chosen = <T>(flags: ReadonlyMap<string, keyof T>, fallbacks: Partial<Record<keyof T, string | undefined>>) =>
    Object.fromEntries(
      [...flags].flatMap(([flag, key]) => {
        const value = number(flag, fallbacks[key])
        return value === undefined ? [] : [[key, value]]
      }),
    ) as Partial<T>

  const contract = text('contract')
  if (contract !== undefined && contract !== 'conformance') throw new TypeError(`There is no contract ${contract}`)
  return {
    port: number('port', env['PORT']) ?? 3000,
    host: text('host') ?? env['HOST'] ?? '127.0.0.1',
    contract,
    directory: text('static'),
    dataset: text('dataset'),
    drain: number('drain-timeout', undefined) ?? 10_000,
    server: {
      limits: chosen<Limits>(limitFlags, { connections: env['MAX_CONNECTIONS'] }),
      timeouts: chosen<Timeouts>(timeoutFlags, {}),
    },
  }
}

function flagsOf<T extends object>(defaults: T, flag: (name: string) => string): Map<string, keyof T> {
  return new Map(Object.keys(defaults).map((key) => [flag(kebab(key)), key as keyof T]))
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}
