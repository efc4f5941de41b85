import { readFileSync } from 'node:fs'
import type { Context } from '@spillway/core'
import { clientOf } from '@spillway/middleware/client'
import { type Upstreams, type UpstreamsOptions, upstreams } from '@spillway/middleware/proxy'
import { ConfigError, type UpstreamConfig } from './config.ts'
import { given } from './given.ts'

/** Groups of upstream servers by name. Those that a reload leaves as they are keep their connections and what is known of them. */
export class Groups {
  readonly #made: ReadonlyMap<string, { readonly config: string; readonly group: Upstreams }>

  /**
   * @param before whose groups are taken over when their configuration is the same.
   * @throws ConfigError when a server or file is not what it should be.
   */
  constructor(configs: Readonly<Record<string, UpstreamConfig>>, before?: Groups) {
    const made = new Map<string, { config: string; group: Upstreams }>()
    const fresh: Upstreams[] = []
    try {
      for (const [name, one] of Object.entries(configs)) {
        // What a file has become counts as well as its name.
        const config = JSON.stringify([one, one.ca && readCa(name, one.ca).toString('base64')])
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

  *[Symbol.iterator](): Generator<[name: string, group: Upstreams]> {
    for (const [name, { group }] of this.#made) yield [name, group]
  }

  /** Ends the groups that `kept` has not taken over; exchanges under way are finished. */
  close(kept?: Groups): void {
    for (const [name, { group }] of this.#made)
      if ((kept ? kept.#made.get(name)?.group : undefined) !== group) group.close()
  }
}

function makeGroup(name: string, config: UpstreamConfig): Upstreams {
  const { servers, balance, ca, check, timeouts, ejection, pool, proxyProtocol } = config
  const options = {
    check,
    timeouts,
    ejection,
    pool,
    proxyProtocol,
    balance: balanceOf(balance),
    tls: ca && { ca: readCa(name, ca) },
  }
  try {
    return upstreams(servers as Parameters<typeof upstreams>[0], given(options))
  } catch (error) {
    throw new ConfigError(`upstreams.${name}.servers: ${(error as Error).message}`)
  }
}

function readCa(name: string, file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw new ConfigError(`upstreams.${name}.ca: ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function balanceOf(balance: UpstreamConfig['balance']): UpstreamsOptions['balance'] {
  if (balance === 'client') return (c: Context<any, any>) => clientOf(c).key
  if (balance === 'path') return (c: Context<any, any>) => c.path
  return balance
}
