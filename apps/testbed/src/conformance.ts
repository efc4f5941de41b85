import { type Context, type Handler, HttpError, type Result } from '@spillway/core'

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** One handler for every path: the last segment of the path selects the response; for any other name, it is `200 OK`. */
export const conformance: Handler = (c) => {
  if (!methods.has(c.method)) throw new HttpError(501, `${c.method} is not implemented`)
  if (c.method === 'OPTIONS') return c.empty()
  const answer = answers.get(c.path.slice(c.path.lastIndexOf('/') + 1))
  if (answer) return answer(c)
  if (c.method === 'POST' || c.method === 'PUT' || c.method === 'PATCH') return echo(c)
  return c.text('OK')
}

const answers = new Map<string, (c: Context) => Result | Promise<Result>>([
  ['echo', (c) => c.text([...c.headers].map(([name, value]) => `${name}: ${value}\n`).join(''))],
  ['cookie', (c) => c.text(cookies(c.headers.get('cookie') ?? ''))],
  ['url', (c) => c.text(c.url)],
  ['204', (c) => c.empty()],
  ['304', (c) => c.empty({ status: 304, headers: { ETag: '"v1"' } })],
  ['slow', (c) => new Promise((resolve) => setTimeout(() => resolve(c.text('slow')), 150))],
  ['stream', (c) => c.stream(words())],
  ['len', async (c) => c.text(String((await c.body.bytes(Infinity)).length))],
  ['noread', (c) => c.text('early')],
  ['boom', () => boom()],
  ['inject', (c) => c.text('OK', { headers: { 'X-Reflect': 'a\r\nX-Evil: 1' } })],
])

async function echo(c: Context): Promise<Result> {
  return c.stream(await c.body.bytes(Infinity))
}

/** RFC 6265 §5.4 has no quoting: a pair is whatever is between two semicolons. */
function cookies(field: string): string {
  return field
    .split(';')
    .map((pair) => `${pair.trim()}\n`)
    .join('')
}

async function* words(): AsyncGenerator<string> {
  for (const word of ['alpha', 'beta', 'gamma']) {
    yield word
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

function boom(): never {
  throw new Error('boom')
}
