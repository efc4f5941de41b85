// The options of the program.
import { UsageError } from '@spillway/command-line'
import { isFieldName, isFieldValue } from '@spillway/parser/serialize'

/** The settings that the command line and the configuration file give. */
export interface Settings {
  /** The folder that is served. */
  folder: string
  /** Undefined: 3000, or the next one that is free. */
  port: number | undefined
  /** Undefined: all addresses of this machine. */
  host: string | undefined
  https: boolean
  /** PEM files of a certificate and its key, for `https`. */
  cert: string | undefined
  key: string | undefined
  cors: boolean
  spa: boolean
  listing: boolean
  live: boolean
  auth: Credentials | undefined
  headers: readonly (readonly [name: string, value: string])[]
  proxies: readonly Proxied[]
  /** Paths that are answered with another file. */
  rewrites: readonly Rewrite[]
  /** The prefix of every path; empty, or for example `/docs`. */
  base: string
  /** Whether a browser is opened at the start. */
  open: boolean
  /** The number of workers; 0 serves in this process. */
  cluster: number
  log: LogFormat
}

/** A path prefix; requests below it are forwarded to another server. */
export interface Proxied {
  readonly prefix: string
  /** The other server, and the path that replaces the prefix. */
  readonly url: string
}

export interface Rewrite {
  /** A path, or a prefix when `below` is true. */
  readonly path: string
  readonly below: boolean
  /** The path of the file. */
  readonly to: string
}

export interface Credentials {
  readonly name: string
  readonly password: string
}

export type LogFormat = (typeof options.log.choices)[number]

/** The one table for the command line, the configuration file and the help, in the order of the help. */
export const options = {
  port: { type: 'number', to: 65_535, short: 'p', value: 'number', help: '$PORT, or 3000, or the next free one' },
  host: { type: 'string', value: 'address', help: 'listen on this address only; 127.0.0.1 keeps others out' },
  https: { type: 'boolean', help: 'serve HTTPS, with a certificate from mkcert or a self-signed one' },
  cert: { type: 'string', value: 'file', help: 'use this certificate instead' },
  key: { type: 'string', value: 'file', help: 'and its key' },
  open: { type: 'boolean', short: 'o', help: 'open it in a browser' },
  spa: { type: 'boolean', short: 's', help: 'answer requests for missing pages with index.html' },
  listing: { type: 'boolean', short: 'l', help: 'list the files of folders without index.html' },
  live: { type: 'boolean', help: 'reload pages in the browser when a file changes' },
  cors: { type: 'boolean', help: 'let pages from other origins read everything' },
  header: { type: 'string', short: 'H', multiple: true, value: "'Name: value'", help: 'add a field to every reply' },
  auth: { type: 'string', value: 'user:pass', help: 'ask for a user name and a password' },
  proxy: { type: 'string', multiple: true, value: '/path=url', help: 'pass requests below /path on to another server' },
  rewrite: {
    type: 'string',
    multiple: true,
    value: '/path=/file',
    help: 'answer with another file; /app/** is everything below /app',
  },
  base: { type: 'string', value: '/path', help: 'serve the folder below this path' },
  cluster: { type: 'boolean', help: 'use all processor cores' },
  log: { type: 'string', choices: ['text', 'json', 'none'], value: 'text|json|none', help: 'how requests are logged' },
  config: { type: 'string', short: 'c', value: 'file', help: 'read options from this file (spillway.config.json)' },
} as const

export type OptionName = keyof typeof options | 'help' | 'version'

/** The options as they were given; those of text are not checked yet. */
export type Given = Partial<Record<OptionName, string | number | boolean | readonly string[]>>

/** Checks everything that was given. @throws UsageError for what is invalid. */
export function settingsOf(folder: string, given: Given, cores: number): Settings {
  const text = (name: OptionName): string | undefined => given[name] as string | undefined
  const flag = (name: OptionName): boolean => given[name] === true
  if ((text('cert') === undefined) !== (text('key') === undefined))
    throw new UsageError('--cert and --key go together: neither is of use without the other')
  return {
    folder,
    port: given.port as number | undefined,
    host: text('host'),
    https: flag('https') || text('cert') !== undefined,
    cert: text('cert'),
    key: text('key'),
    cors: flag('cors'),
    spa: flag('spa'),
    listing: flag('listing'),
    live: flag('live'),
    auth: credentialsOf(text('auth')),
    headers: ((given.header ?? []) as readonly string[]).map(fieldOf),
    proxies: ((given.proxy ?? []) as readonly string[]).map(proxiedOf),
    rewrites: ((given.rewrite ?? []) as readonly string[]).map(rewriteOf),
    base: baseOf(text('base')),
    open: flag('open'),
    cluster: flag('cluster') ? cores : 0,
    log: (given.log as LogFormat | undefined) ?? 'text',
  }
}

function credentialsOf(text: string | undefined): Credentials | undefined {
  if (text === undefined) return undefined
  const colon = text.indexOf(':')
  if (colon < 1 || colon === text.length - 1)
    throw new UsageError('--auth takes a name and a password with a colon between them: --auth alice:secret')
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function fieldOf(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':')
  const name = line.slice(0, colon).trim()
  const value = line.slice(colon + 1).trim()
  if (colon < 1 || !isFieldName(name) || !isFieldValue(value))
    throw new UsageError(
      `--header takes a name and a value, such as 'X-Robots-Tag: noindex', not ${JSON.stringify(line)}`,
    )
  return [name, value]
}

/** With a URL without a path the prefix is kept; the path of a URL replaces it. */
function proxiedOf(text: string): Proxied {
  const equals = text.indexOf('=')
  const [prefix, url] = [text.slice(0, equals).replace(/\/$/, ''), text.slice(equals + 1)]
  const good = /^(\/[\w.~-]+)+$/.test(prefix) && /^https?:\/\//.test(url) && URL.canParse(url)
  if (!good)
    throw new UsageError(
      `--proxy takes a path and a URL, such as /api=http://localhost:4000, not ${JSON.stringify(text)}`,
    )
  return { prefix, url: /^https?:\/\/[^/]+$/.test(url) ? url + prefix : url }
}

function rewriteOf(text: string): Rewrite {
  const equals = text.indexOf('=')
  const [from, to] = [text.slice(0, equals), text.slice(equals + 1)]
  const below = from.endsWith('/**')
  const path = below ? from.slice(0, -'/**'.length) : from
  const isPath = below ? /^(?:\/[^\s/*]+)*$/.test(path) : /^\/[^\s*]*$/.test(path)
  if (equals < 0 || !isPath || !/^\/\S*$/.test(to))
    throw new UsageError(
      `--rewrite takes a path and a file, such as /app/**=/app/index.html, not ${JSON.stringify(text)}`,
    )
  return { path, below, to }
}

function baseOf(text: string | undefined): string {
  const base = (text ?? '').replace(/\/$/, '')
  if (base !== '' && !/^(?:\/[\w.~-]+)+$/.test(base))
    throw new UsageError(`--base takes a path, such as /docs, not ${JSON.stringify(text)}`)
  return base
}
