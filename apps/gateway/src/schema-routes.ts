// The schema of a route.
import { proxy, upstreams } from '@spillway/middleware/proxy'
import * as v from 'valibot'
import type { RouteConfig } from './config.ts'
import {
  addresses,
  count,
  errorPages,
  fieldName,
  fields,
  flag,
  made,
  milliseconds,
  option,
  path,
  positive,
  said,
  sentFields,
  share,
  statuses,
  text,
  times,
} from './schema-kinds.ts'

const prefix = v.pipe(
  text,
  v.regex(/^\/(?:[a-zA-Z0-9_.~-]+(?:\/[a-zA-Z0-9_.~-]+)*)?$/, ({ input }) =>
    /\/\*+$/.test(input)
      ? `covers what is below it without a star: ${input.replace(/\/\*+$/, '') || '/'}`
      : 'must begin with a slash and not end in one: /api',
  ),
)

const rateLimit = v.strictObject({
  limit: said(positive, 'Requests that a client may send in a window'),
  windowSeconds: option(positive, 'Length of the window in seconds', 60),
  burst: option(positive, 'Requests that may come at once; default: the limit'),
})

const cache = v.union(
  [
    flag,
    v.strictObject({
      cacheBytes: option(count, 'Bytes of memory for all replies that are kept', 67_108_864),
      entryBytes: option(count, 'The largest reply that is kept, in bytes', 1_048_576),
      heuristic: option(
        share,
        'How long a reply without an expiry time is kept, as a share of its age; 0 does not keep it',
        0,
      ),
    }),
  ],
  'must be true, false, or an object with "cacheBytes", "entryBytes" or "heuristic"',
)

const passable = made((name) => proxy(upstreams(['http://localhost']), { passOn: [name] }))

const target = v.pipe(
  text,
  v.regex(
    /^(?:[^{]|\{(?!\w+\})|\{(?:path|rest|query|host)\})*$/,
    'must have nothing in braces but {path}, {rest}, {query} and {host}',
  ),
)

const redirect = v.union(
  [
    target,
    v.strictObject({
      to: said(target, 'A URL; {path}, {rest}, {query} and {host} stand for those of the request'),
      status: option(v.picklist([301, 302, 303, 307, 308], 'must be 301, 302, 303, 307 or 308'), 'The status', 302),
    }),
  ],
  'must be a URL, or an object with "to" and perhaps "status"',
)

const fastcgi = v.strictObject({
  server: said(
    v.pipe(text, v.regex(/^unix:\/.|^[^\s/:]+:\d{1,5}$|^\[[\da-f:.]+\]:\d{1,5}$/i, 'must be unix:/path or host:port')),
    'unix:/path or host:port',
  ),
  front: option(text, 'The script that answers when there is no such file: index.php'),
  connections: option(times, 'Maximum number of connections at a time', 4),
  timeout: option(times, 'Milliseconds to wait for a reply', 60_000),
})

const cgi = v.union(
  [
    text,
    v.strictObject({
      path: said(text, 'A folder of programs, or one program'),
      processes: option(times, 'Programs that run at a time; one more is answered 503', 32),
      timeout: option(times, 'Milliseconds from the start of a program to its end', 60_000),
      env: option(v.record(text, v.string('must be a string')), 'Further variables of its environment', {}),
    }),
  ],
  'must be a folder, or an object with "path" and perhaps "processes", "timeout" and "env"',
)

export const buffer: v.GenericSchema<unknown, NonNullable<RouteConfig['buffer']>> = v.union(
  [
    flag,
    v.strictObject({
      request: option(flag, 'Whether the content of a request is read before the request is sent on', true),
      reply: option(flag, 'Whether the content of a reply is taken from the server as fast as it comes', true),
      memoryBytes: option(count, 'Bytes of one message in memory', 262_144),
      diskBytes: option(
        count,
        'Bytes of one message that are written to a file beyond those; 0 for no file',
        1_073_741_824,
      ),
      totalMemoryBytes: option(count, 'Bytes of all messages in memory', 67_108_864),
      totalDiskBytes: option(count, 'Bytes of all messages in files', 4_294_967_296),
      folder: option(text, "Folder for these files; default: the system's temporary folder"),
    }),
  ],
  'must be true, false, or an object with "request", "reply", "memoryBytes", "diskBytes"…',
)

const basicAuth = v.strictObject({
  users: said(
    v.record(
      text,
      v.pipe(
        v.string('must be a string'),
        v.regex(/^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/, 'must be a bcrypt hash, as htpasswd -nB makes them'),
      ),
    ),
    'Password hashes by user name, as htpasswd -nB makes them (bcrypt)',
  ),
  realm: option(text, 'What browsers show when they ask for the password', 'restricted'),
})

const forwardAuth = v.strictObject({
  proxy: said(text, 'The group of upstreams that decides who may come in'),
  path: said(
    path,
    'The path to ask it for: a status from 200 to 299 lets the request pass; any other reply is passed on to the client',
  ),
  copy: option(v.array(fieldName), 'Fields of its reply that are added to the request', []),
})

const tries = v.pipe(
  v.array(
    v.pipe(text, v.regex(/^\/?(?:\{path\}|[!-z|~])+$/, 'must be a file below the folder: {path}.html')),
    'must be a list of files',
  ),
  v.nonEmpty('must have at least one entry'),
)

const changes = {
  set: option(fields, 'Fields that replace existing ones'),
  remove: option(v.array(fieldName), 'Names of fields to remove'),
}

export const route: v.GenericSchema<unknown, RouteConfig> = v.strictObject({
  path: said(prefix, 'The path, and everything below it; the longest match wins'),
  proxy: option(text, 'The group of upstreams that requests are sent on to'),
  strip: v.optional(said(flag, 'Whether the path is removed before a request is sent on', false), false),
  host: option(text, "The Host that is sent: the client's, the upstream server's, or this name", 'client'),
  passOn: option(v.array(passable), 'Names of fields that are sent on although proxies normally remove them', []),
  rewrite: option(
    flag,
    'Whether Location and the paths of cookies are rewritten so that they work for the client',
    true,
  ),
  retryStatuses: option(statuses, 'Statuses after which another server is tried, if that is safe', [502, 503]),
  retries: option(count, 'How many further servers may be tried', 2),
  buffer: option(buffer, 'Where messages wait for the slower side; default: true', true),
  files: option(text, 'A folder of files; requests for which there is no file go to "proxy", if there is one'),
  try: option(tries, 'The files that are tried, in this order: {path}, {path}.html, /index.html'),
  fallback: option(text, 'The page of a single-page application'),
  cleanUrls: option(flag, '/about for about.html', false),
  cgi: option(cgi, 'A folder of programs, each run for its requests (CGI), or one program'),
  fastcgi: option(fastcgi, 'Runs the scripts among the files'),
  secureHeaders: option(
    flag,
    'Fields that make browsers careful: true also isolates the site from others, false sends none; default: those that restrict nothing',
  ),
  redirect: option(redirect, 'Where clients are redirected to'),
  rateLimit: option(rateLimit, 'How many requests each client may send'),
  cache: option(cache, 'Keeps replies that may be kept, and answers with them', false),
  allow: option(addresses, 'The only addresses and networks that may come in'),
  deny: option(addresses, 'Addresses and networks that may not come in'),
  basicAuth: option(basicAuth, 'Asks for a name and a password'),
  forwardAuth: option(forwardAuth, 'Asks a server whether a request may pass'),
  bodyBytes: option(count, 'Maximum number of bytes of content in a request', 1_048_576),
  timeout: option(
    v.pipe(milliseconds, v.minValue(1, 'must be at least 1')),
    'Milliseconds until a reply must have begun; then 504',
  ),
  request: option(
    v.strictObject({ ...changes, set: option(sentFields, 'Fields that replace existing ones') }),
    'Changes to the fields of requests that are sent on',
  ),
  reply: option(
    v.strictObject({ ...changes, add: option(fields, 'Additional fields') }),
    'Changes to the fields of replies',
  ),
  errors: option(errorPages, 'Error pages by status (404) or class (5xx), for errors of the gateway itself'),
} satisfies Record<keyof RouteConfig, unknown>)
