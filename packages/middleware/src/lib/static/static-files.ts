// Decides which file answers which path, and how.
import { type Context, type MaybePromise, type Reply, dropSource } from '@spillway/core'
import {
  type Rules,
  type Settled,
  amount,
  callback,
  either,
  flag,
  optional,
  readOptions,
  text,
  whole,
} from '@spillway/core/options'
import { parseQualityList } from '@spillway/parser/fields'
import { named } from '../layers/layer-trace.ts'
import { codings } from '../http/codings.ts'
import { chooseCoding } from '../http/negotiate.ts'
import { refused } from '../http/problem.ts'
import { KnownPaths, ownText } from '../tools/known-paths.ts'
import { atOnce } from '../layers/at-once.ts'
import type { Next } from '../layers/types.ts'
import { FileStore } from './file-store.ts'
import { describeListing } from './listing.ts'
import type { Representation, Variant } from './representation.ts'
import { release, respond } from './respond.ts'
import { sourceAt } from './send-files.ts'
import type { FileSource } from './source.ts'
import { type Target, indexOf, readTarget } from '../files/target.ts'

/** Options of {@link staticFiles}. */
export interface StaticOptions {
  /**
   * The Cache-Control of every reply, or a function of the path below the root. Default: `no-cache`, so that a client asks each
   * time and usually gets a 304.
   */
  readonly cacheControl?: string | ((path: string) => string)
  /**
   * Whether files with a hash in their names, as bundlers make them (`app-B3x9kQ2z.js`, `main.3f2a1b9c.css`), may be cached for ever: they
   * get `public, max-age=31536000, immutable` (RFC 8246). Default: false.
   */
  readonly immutable?: boolean
  /**
   * Whether `app.js.br`, `app.js.zst` and `app.js.gz` are sent in place of `app.js` to clients that prefer them (RFC 9110 §12.5.3).
   * Default: false.
   */
  readonly precompressed?: boolean
  /**
   * Whether content of types that get smaller is compressed for clients that accept it, with zstd (where Node has it), brotli, gzip or
   * deflate: once for all clients, and cached like the files. Files of up to 1 MiB. Default: false.
   */
  readonly compress?: boolean
  /**
   * Whether `/about` is answered with `about.html`, and `/about.html`, `/about/` and `/docs/index.html` are redirected to the one clean
   * URL by a 301. Default: false.
   */
  readonly cleanUrls?: boolean
  /**
   * Whether a directory without an index is answered with a listing: a page, or JSON for clients that prefer `application/json`.
   * Default: false.
   */
  readonly listing?: boolean
  /**
   * The page of a single-page application, `index.html`: sent when somebody navigates to a path for which there is no file.
   * Scripts, images and everything with a dot in its name still get a 404. Default: none.
   */
  readonly fallback?: string
  /** A page for missing files, `404.html`; sent with that status to clients that accept HTML. Default: none. */
  readonly notFound?: string
  /** Memory for files of up to 1 MiB each, in bytes. Default: 64 MiB. */
  readonly cacheBytes?: number
  /** Milliseconds for which a file in memory may be sent without checking whether it has changed. Default: 1000. */
  readonly recheckAfter?: number
}

/** The resolved options. */
type Settings = Settled<StaticOptions, Exclude<keyof StaticOptions, 'fallback' | 'notFound'>>

const rules: Rules<Settings> = {
  cacheControl: either(text('no-cache'), callback<Settings['cacheControl']>()) as Rules<Settings>['cacheControl'],
  immutable: flag(),
  precompressed: flag(),
  compress: flag(),
  cleanUrls: flag(),
  listing: flag(),
  fallback: optional(text('', /./)),
  notFound: optional(text('', /./)),
  cacheBytes: whole(64 * 1024 * 1024),
  recheckAfter: amount(1000),
}

/** Serves files: as a handler, or as middleware that passes on requests for which there is no file. */
export type StaticFiles = (c: Context<any, any>, next?: Next) => MaybePromise<Reply>

/**
 * Serves the files of a directory, or of another source, for GET and HEAD: content types, `ETag` and `Last-Modified`, 304 and 412
 * (RFC 9110 §13), ranges (§14), `index.html` for a directory, and a redirect to the trailing slash it needs.
 *
 * Below a catch-all route, `/assets/**:path` or `/assets/:path*`, the parameter `path` names the file; anywhere else the
 * whole path of the request does. Nothing outside the directory is ever served, whatever path, link or race is tried,
 * nor names that begin with a dot (except `/.well-known`), nor anything that is not a regular file.
 * @param root the directory, whose links are resolved when this is called; or another source of files.
 * @throws Error when there is no such directory; TypeError or RangeError for an invalid option.
 */
export function staticFiles(root: string | URL | FileSource, options: StaticOptions = {}): StaticFiles {
  const settings = readOptions(rules, options)
  const source = sourceAt(root)
  const { cacheBytes: maxBytes, recheckAfter } = settings
  const cacheControl = cacheRule(settings)
  const store = new FileStore(source, {
    maxBytes,
    recheckAfter,
    cacheControl,
    siblings: settings.precompressed ? siblings : [],
    made: settings.compress ? codings.map((coding) => ({ name: coding.name, extension: '', coding })) : [],
  })
  // Only for files in memory.
  const targets = new KnownPaths<KnownTarget>()
  const site: Site = { source, store, cacheControl, options: settings }
  return named('staticFiles', (c, next) => {
    if (c.method !== 'GET' && c.method !== 'HEAD') return next ? next() : notAllowed()
    const { params } = c as Context<Record<string, unknown>>
    const param = 'path' in params ? (params['path'] ?? '') : undefined
    const seen = targets.get(c.path)
    const target = seen !== undefined && seen.param === param ? seen.target : readTarget(c)
    if (target === 'malformed') return refused(400)
    if (!target) return next ? next() : refused(404)
    let { file } = target
    let known = isUnclean(target, settings) ? undefined : store.peek(file)
    if (known === 'nothing' && isClean(target, settings)) known = store.peek((file = target.page))
    if (typeof known !== 'object') return answerOr(c, site, target, next)
    if (seen?.target !== target) targets.set(ownText(c.path), kept(param, target))
    return known.variants.length === 0 ? respond(c, known) : inBestCoding(c, site, file, known, 200)
  })
}

interface KnownTarget {
  /** The parameter that says which part of the path names the file. */
  readonly param: unknown
  readonly target: Target
}

/** Copies the strings, so that they do not hold on to the request. */
function kept(param: unknown, { path, file, page, directory, name }: Target): KnownTarget {
  return {
    param: typeof param === 'string' ? ownText(param) : param,
    target: { path: ownText(path), file: ownText(file), page: ownText(page), directory, name: ownText(name) },
  }
}

interface Site {
  readonly source: FileSource
  readonly store: FileStore
  readonly cacheControl: (path: string) => string
  readonly options: Settings
}

/** Ordered by what is usually smallest. */
const siblings: readonly Variant[] = [
  { name: 'br', extension: '.br' },
  { name: 'zstd', extension: '.zst' },
  { name: 'gzip', extension: '.gz' },
]

/**
 * Whether a name has a hash of 8 to 64 characters in front of its extension, after a dot or a hyphen. A hash contains a digit,
 * which words do not, and a letter.
 */
function isHashed(path: string): boolean {
  const dot = path.lastIndexOf('.')
  if (!/^\w+$/.test(path.slice(dot + 1))) return false
  let from = dot
  while (from > 0 && dot - from < 64 && /[\w-]/.test(path[from - 1]!)) from--
  const run = path.slice(from, dot)
  const isWhole = /[.-]/.test(path[from - 1] ?? '')
  // Otherwise it comes after the first hyphen; without a hyphen there is no hash.
  const mark = isWhole ? run : run.includes('-') ? run.slice(run.indexOf('-') + 1) : ''
  return mark.length >= 8 && /\d/.test(mark) && /[A-Za-z]/.test(mark)
}

function cacheRule({ cacheControl, immutable }: Settings): (path: string) => string {
  const rule =
    typeof cacheControl === 'string'
      ? () => cacheControl
      : (path: string) => atOnce(cacheControl(path), '`cacheControl`')
  if (!immutable) return rule
  return (path) => (isHashed(path) ? 'public, max-age=31536000, immutable' : rule(path))
}

async function answerOr(c: Context, site: Site, target: Target, next: Next | undefined): Promise<Reply> {
  const { path, file, page } = target
  const { store, options } = site
  const found = await store.find(file)
  if (typeof found === 'object') {
    if (!isUnclean(target, options)) return inBestCoding(c, site, file, found, 200)
    release(found)
    const name = target.name.slice(0, -'.html'.length)
    return moved(c, site, path, name === 'index' ? './' : `./${name}`)
  }
  if (found === 'directory' && !target.directory && (await hasPage(site, path)))
    return moved(c, site, path, `./${target.name}/`)
  if (options.cleanUrls && path !== '') {
    const clean = await store.find(page)
    if (typeof clean === 'object') {
      if (!target.directory) return inBestCoding(c, site, page, clean, 200)
      release(clean)
      return moved(c, site, path, `../${encodeURIComponent(path.slice(path.lastIndexOf('/') + 1))}`)
    }
  }
  if (options.listing && target.directory) {
    const files = await site.source.list?.(path)
    if (files) return listed(c, describeListing(c, path, files, site.cacheControl(path)))
  }
  return missing(c, site, next)
}

/** The names in a listing come from elsewhere: even if one got past the escaping, it could do nothing. */
function listed(c: Context, listing: Representation): Reply {
  const reply = respond(c, listing)
  reply.headers.set('Content-Security-Policy', "default-src 'none'; style-src 'unsafe-inline'")
  return reply
}

/** Whether a path names a page that has a different clean URL. */
function isUnclean({ directory, name }: Target, { cleanUrls }: Settings): boolean {
  return cleanUrls && !directory && name.endsWith('.html')
}

/** Whether a path may be the clean URL of a page. */
function isClean({ directory, path }: Target, { cleanUrls }: Settings): boolean {
  return cleanUrls && !directory && path !== ''
}

/** Whether there is something to answer a request for a directory with. */
async function hasPage({ store, options }: Site, path: string): Promise<boolean> {
  const index = await store.find(indexOf(path))
  if (typeof index === 'object') release(index)
  return typeof index === 'object' || options.listing
}

/** Sends a file, or its form in the coding that the client prefers. */
function inBestCoding(
  c: Context<any, any>,
  { store }: Site,
  path: string,
  identity: Representation,
  status: 200 | 404,
): MaybePromise<Reply> {
  if (identity.variants.length === 0) return respond(c, identity, status)
  const { coding: variant } = chooseCoding(c.headers.get('accept-encoding'), identity.variants)
  if (!variant) return respond(c, identity, status)
  const known = store.peekIn(variant, path, identity)
  if (known) {
    if (known !== identity) release(identity)
    return respond(c, known, status)
  }
  return store.findIn(variant, path, identity).then(
    (found) => {
      if (found !== identity) release(identity)
      return respond(c, found, status)
    },
    (error: unknown) => {
      release(identity)
      throw error
    },
  )
}

/** Passes the request on if there is a `next`; the configured page replaces its 404, or our own. */
async function missing(c: Context, site: Site, next: Next | undefined): Promise<Reply> {
  const reply = next ? await next() : refused(404)
  const { fallback, notFound: page } = site.options
  if (reply.status !== 404 || (fallback === undefined && page === undefined) || !wantsHtml(c)) return reply
  const navigation = !c.path.slice(c.path.lastIndexOf('/')).includes('.')
  const [path, status] = fallback !== undefined && navigation ? [fallback, 200 as const] : [page, 404 as const]
  const found = path === undefined ? undefined : await site.store.find(path)
  if (typeof found !== 'object') return reply
  dropSource(reply.body, undefined)
  return inBestCoding(c, site, path!, found, status)
}

/** Browsers send `text/html` when somebody navigates, but not when a page requests its parts. */
function wantsHtml(c: Context): boolean {
  return parseQualityList(c.headers.get('accept') ?? '').some(({ value, q }) => q > 0 && value === 'text/html')
}

/** Redirects are relative to the requested path, so they can never lead to another host. */
function moved(c: Context, site: Site, path: string, location: string): Reply {
  const reply = c.redirect(`${location}${c.search}`, 301)
  reply.headers.set('Cache-Control', site.cacheControl(path))
  return reply
}

function notAllowed(): Reply {
  const reply = refused(405)
  reply.headers.set('Allow', 'GET, HEAD')
  return reply
}
