// What is known not to work in a runtime. Each gap is tested: its checks must fail there, with an error that contains `says`.
// When such a check passes, the gap is closed, and it is an error until the gap is removed from this list.
// apps/docs/site/conformance.md shows the same list as a table.

/** `what` is missing, `where`, and what to use `instead`; `checks` are those that fail, by suite. */
export const gaps = [
  {
    what: "`createServer` of `@spillway/middleware/node`, and `@spillway/node`: they are built on Node's own classes",
    where: ['bun', 'deno'],
    instead: 'an error that says so; `serve`, or `toFetch`',
    says: 'works only in Node.js, because it relies on classes of its own',
    checks: {
      middleware: ['a program for node:http'],
      node: [
        'an Express program, started with it',
        'a Koa program, in CommonJS',
        'a Fastify program',
        'a program of node:http',
        'an Express application in a server of ours',
        'WebSockets by ws',
      ],
    },
  },
  {
    what: 'keys of TLS session tickets that several servers share',
    where: ['bun'],
    instead: 'each server has its own: a client that comes to another one makes a full handshake',
    says: '^Reused',
    checks: { core: ['TLS: a session goes on at another server of the program'] },
  },
  {
    what: 'sharing a port among processes (`reusePort`)',
    where: ['node@20'],
    instead: 'an error that says so; `serveCluster`',
    says: '`reusePort` needs Node.js 22.12 or 23.1',
    checks: { core: ['processes share a port'] },
  },
  {
    what: 'the template `api` of `create-spillway`: its database, better-sqlite3, is for Node.js',
    where: ['bun', 'deno'],
    instead: 'the other templates; `bun:sqlite`, or `node:sqlite`, in `src/notes.ts`',
    says: 'better-sqlite3',
    checks: { create: ['api: built, it starts and answers', 'api: its sources start and answer'] },
  },
]

/** The text of a gap's row in the documentation's table. */
export const rowOf = ({ what, where, instead }) =>
  `| ${what} | ${where.map((name) => titles[name]).join(', ')} | ${instead} |`
const titles = { 'node@20': 'Node.js 20', bun: 'Bun', deno: 'Deno' }

/** Compares a suite's results in a runtime with the known gaps: `gaps` counts the checks that failed as expected. */
export function judge(suite, runtime, { passed, failed }) {
  const known = gaps
    .filter(({ where }) => where.includes(runtime))
    .flatMap(({ checks, says }) => (checks[suite] ?? []).map((check) => ({ check, says })))
  const isGap = ({ check, error }) => known.some((gap) => gap.check === check && error.includes(gap.says))
  const closed = known
    .filter(({ check }) => !failed.some((one) => one.check === check))
    .map(({ check }) => `${check}: this gap has closed; take it from tooling/runtimes/gaps.mjs`)
  return {
    passed,
    gaps: failed.filter(isGap).length,
    failed: [...failed.filter((one) => !isGap(one)).map(({ check, error }) => `${check}: ${error}`), ...closed],
  }
}
