// What may be said of what answers below a path.
import * as v from 'valibot'
import type { RouteConfig } from './config.ts'
import {
  addresses,
  count,
  errorPages,
  fieldName,
  fields,
  flag,
  milliseconds,
  option,
  path,
  positive,
  said,
  share,
  statuses,
  text,
  times,
} from './schema-kinds.ts'

const prefix = v.pipe(
  text,
  v.regex(/^\/(?:[a-zA-Z0-9_.~-]+(?:\/[a-zA-Z0-9_.~-]+)*)?$/, 'must begin with a slash and not end in one: /api'),
)

const rateLimit = v.strictObject({
  limit: said(positive, 'Requests of one client in a window'),
  windowSeconds: option(positive, 'Seconds', 60),
  burst: option(positive, 'Requests that may come at once; the limit if it is not said'),
})

const cache = v.union(
  [
    flag,
    v.strictObject({
      cacheBytes: option(count, 'Memory for all that is kept', 67_108_864),
      entryBytes: option(count, 'The largest reply that is kept', 1_048_576),
      heuristic: option(share, 'Part of its age that a reply without a time is kept; 0 keeps none of those', 0),
    }),
  ],
  'must be true, false, or an object with "cacheBytes", "entryBytes" or "heuristic"',
)

const redirect = v.union(
  [
    text,
    v.strictObject({
      to: said(text, 'A URL; {path}, {rest}, {query} and {host} stand for those of the request'),
      status: option(v.picklist([301, 302, 303, 307, 308], 'must be 301, 302, 303, 307 or 308'), 'The status', 302),
    }),
  ],
  'must be a URL, or an object with "to" and perhaps "status"',
)

const fastcgi = v.strictObject({
  server: said(text, 'unix:/path or host:port'),
  front: option(text, 'The script that answers for what there is no file for: index.php'),
  connections: option(times, 'Connections at a time', 4),
  timeout: option(times, 'Milliseconds for a reply', 60_000),
})

export const buffer: v.GenericSchema<unknown, NonNullable<RouteConfig['buffer']>> = v.union(
  [
    flag,
    v.strictObject({
      request: option(flag, 'Content of requests is read before a server is asked', true),
      reply: option(flag, 'Content of replies is taken from the server as fast as it comes', true),
      memoryBytes: option(count, 'Of one message in memory', 262_144),
      diskBytes: option(count, 'Of one message in a file beyond those; 0 for no file', 1_073_741_824),
      totalMemoryBytes: option(count, 'Of all messages in memory', 67_108_864),
      totalDiskBytes: option(count, 'Of all messages in files', 4_294_967_296),
      folder: option(text, "Folder for the files; the system's for temporary ones if it is not said"),
    }),
  ],
  'must be true, false, or an object with "request", "reply", "memoryBytes", "diskBytes"…',
)

const basicAuth = v.strictObject({
  users: said(
    v.record(
      text,
      v.pipe(
        v.string('must be a text'),
        v.regex(/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/, 'must be a bcrypt hash, as htpasswd -nB makes them'),
      ),
    ),
    'Hashes of passwords by name, as htpasswd -nB makes them (bcrypt)',
  ),
  realm: option(text, 'What browsers show when they ask', 'restricted'),
})

const forwardAuth = v.strictObject({
  proxy: said(text, 'A group of upstreams that knows who may come in'),
  path: said(
    path,
    'What it is asked for: any status from 200 to 299 lets the request pass, any other reply is the answer',
  ),
  copy: option(v.array(fieldName), 'Fields of its reply that are sent on with the request', []),
})

const tries = v.pipe(
  v.array(
    v.pipe(text, v.regex(/^\/?(?:\{path\}|[!-z|~])+$/, 'must be a file below the folder: {path}.html')),
    'must be a list of files',
  ),
  v.nonEmpty('must have one entry at least'),
)

const changes = {
  set: option(fields, 'Fields in place of those there are'),
  remove: option(v.array(fieldName), 'Names of fields'),
}

export const route: v.GenericSchema<unknown, RouteConfig> = v.strictObject({
  path: said(prefix, 'Answers below this path; of all that fit the longest does'),
  proxy: option(text, 'A group of upstreams'),
  strip: v.optional(said(flag, 'Whether the path is taken off before a request is sent on', false), false),
  host: option(text, "What Host says: the client's, the upstream server's, or this name", 'client'),
  passOn: option(v.array(text), 'Names of fields that are sent on although proxies keep them', []),
  rewrite: option(flag, 'Whether Location and the paths of cookies are made what the client has to say', true),
  retryStatuses: option(statuses, 'Statuses for which another server is tried, where that is safe', [502, 503]),
  retries: option(count, 'Servers that may be tried after the first', 2),
  buffer: option(buffer, 'Where messages wait for the slower side; true if it is not said', true),
  files: option(text, 'A folder; what there is no file for is the matter of "proxy", if there is one'),
  try: option(tries, 'The files that answer, in this order: {path}, {path}.html, /index.html'),
  fallback: option(text, 'The page of a single-page application'),
  cleanUrls: option(flag, '/about for about.html', false),
  fastcgi: option(fastcgi, 'Has the scripts among the files run'),
  secureHeaders: option(
    flag,
    'Fields that make browsers careful: true isolates the site from others, false sends none; only what takes nothing away if it is not said',
  ),
  redirect: option(redirect, 'Where clients are sent'),
  rateLimit: option(rateLimit, 'Requests of each client'),
  cache: option(cache, 'Keeps what servers say that may be kept', false),
  allow: option(addresses, 'Addresses and networks that may come in; nobody else may'),
  deny: option(addresses, 'Addresses and networks that may not'),
  basicAuth: option(basicAuth, 'Asks for a name and a password'),
  forwardAuth: option(forwardAuth, 'Asks a server whether a request may pass'),
  bodyBytes: option(count, 'Bytes of content that a request may have', 1_048_576),
  timeout: option(
    v.pipe(milliseconds, v.minValue(1, 'must be 1 at least')),
    'Milliseconds for a reply to begin; 504 after them',
  ),
  request: option(v.strictObject(changes), 'Fields of what is sent on'),
  reply: option(v.strictObject({ ...changes, add: option(fields, 'Further fields') }), 'Fields of what is sent back'),
  errors: option(errorPages, 'Pages by status, 404, or kind, 5xx, for errors that are found here'),
})
