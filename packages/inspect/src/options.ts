// The options of the inspector, and what each of them may be.
import { type Rules, type Settled, callback, flag, text, whole } from '@spillway/core/options'

/** Options of `inspector`. */
export interface InspectorOptions {
  /** The path of the page. Default: `/__spillway`. */
  readonly path?: string
  /**
   * Whether everything is recorded from the start, so that the past is there when the page is opened. This costs as much as a third of
   * a small request. Default: records only while a page is open, and for a minute after.
   */
  readonly always?: boolean
  /** Whether it works when `NODE_ENV` is `production`. Default: false; it then does nothing, and requests pass through. */
  readonly inProduction?: boolean
  /** Whether other machines may open the page, too; they need the link. Default: only this one. */
  readonly remote?: boolean
  /** Takes the line with the link. Default: prints it on standard error. */
  readonly print?: (line: string) => void
}

/** Options of `inspect`. */
export interface InspectOptions {
  /** The port of the inspector's own server. Default: any free one. */
  readonly port?: number
  /** The address it listens on. Default: `127.0.0.1`, this machine only. */
  readonly host?: string
  /** As for `inspector`. Default: true, because the inspected program knows nothing about it. */
  readonly always?: boolean
  readonly inProduction?: boolean
}

export const inspectorRules: Rules<Settled<InspectorOptions, 'path' | 'always' | 'inProduction' | 'remote'>> = {
  path: text('/__spillway', /^(?:\/[\w.~-]+)+$/),
  always: flag(),
  inProduction: flag(),
  remote: flag(),
  print: callback<NonNullable<InspectorOptions['print']>>(),
}

export const inspectRules: Rules<Required<InspectOptions>> = {
  port: whole(0, { to: 65_535 }),
  host: text('127.0.0.1'),
  always: flag(true),
  inProduction: flag(),
}
