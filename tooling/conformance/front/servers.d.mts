import type { Site } from './site.mjs'

export interface FrontServer {
  readonly name: string
}

/** A server that runs, and what is behind it. */
export interface Started {
  readonly http: number
  readonly https: number
  readonly app: Site['app']
  /** What it has logged. */
  readonly log: () => string
  readonly stop: () => Promise<unknown>
}

export declare function servers(program: string): FrontServer[]
export declare function start(server: FrontServer, site: Site): Promise<Started>
