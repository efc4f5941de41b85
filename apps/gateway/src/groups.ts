import { readFileSync } from 'node:fs'
import type { Context } from '@spillway/core'
import { clientOf } from '@spillway/middleware/client'
import { type Upstreams, type UpstreamsOptions, upstreams } from '@spillway/middleware/proxy'
import { ConfigError, type Problem, type UpstreamConfig } from './config.ts'
import { given } from './given.ts'

/** Groups of upstream servers by name. Those that a reload does not change keep their connections and their state. */
export class Groups {
  readonly #made: ReadonlyMap<string, { readonly config: string; readonly group: Upstreams }>

  /**
   * @param before the groups before a reload, which are kept when their configuration is the same.
   * @throws ConfigError for an invalid server or file.
   */
  constructor(configs: Readonly<Record<string, UpstreamConfig>>, before?: Groups) {
    const made = new Map<string, { config: string; group: Upstreams }>()
    const fresh: Upstreams[] = []
    try {
      for (const [name, one] of Object.entries(configs)) {
        // The content of a file counts as well as its name.
        const config = JSON.stringify([one, filesOf(name, one)])
        const same = before && before.#made.get(name)
        if (same?.config === config) {
          made.set(name, same)
          continue
        }
        const group = makeGroup(name, one)
        fresh.push(group)
        made.set(name, { config, group })
      }
    } catch (error) {
      for (const group of fresh) group.close()
      throw error
    }
    this.#made = made
  }

  get(name: string): Upstreams {
    return this.#made.get(name)!.group
  }

  /** Its configuration with the content of its files, by which changes are found. */
  stateOf(name: string): string {
    return this.#made.get(name)!.config
  }

  *[Symbol.iterator](): Generator<[name: string, group: Upstreams]> {
    for (const [name, { group }] of this.#made) yield [name, group]
  }

  /** Closes the groups that are not in `kept`; exchanges under way finish. */
  close(kept?: Groups): void {
    for (const [name, { group }] of this.#made)
      if ((kept ? kept.#made.get(name)?.group : undefined) !== group) group.close()
  }
}

function makeGroup(name: string, config: UpstreamConfig): Upstreams {
  const { servers, balance, ca: _ca, cert: _cert, key: _key, servername, ...options } = config
  const tls = { ...filesOf(name, config), servername }
  try {
    return upstreams(
      servers as Parameters<typeof upstreams>[0],
      given({ ...options, tls, balance: balanceOf(balance) }),
    )
  } catch (error) {
    throw ConfigError.at(['upstreams', name], (error as Error).message)
  }
}

/** The content of a group's files. */
function filesOf(name: string, { ca, cert, key }: UpstreamConfig): Record<string, string> {
  const files = Object.entries({ ca, cert, key }).filter(([, file]) => file !== undefined)
  return Object.fromEntries(files.map(([option, file]) => [option, readPem(['upstreams', name, option], file!)]))
}

function readPem(place: Problem['place'], file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch (error) {
    throw ConfigError.at(place, `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function balanceOf(balance: UpstreamConfig['balance']): UpstreamsOptions['balance'] {
  if (balance === 'client') return (c: Context<any, any>) => clientOf(c).key
  if (balance === 'path') return (c: Context<any, any>) => c.path
  return balance
}
