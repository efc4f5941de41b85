// The pages that reload, and those that show an error.
import type { Context, Handler, Reply } from '@spillway/core'
import { sse } from '@spillway/middleware/sse'
import type { Failure } from './frame.ts'

/** Applications hardly use names that begin with a dot. */
const scriptPath = '/.spillway/reload.js'
const eventsPath = '/.spillway/reload'

/** Reloads a page when another process than the one that answered it is running. Runs in the browser. */
const script = `let seen
new EventSource('${eventsPath}').onmessage = ({ data }) => {
  if (seen !== undefined && seen !== data) location.reload()
  seen = data
}
`

/**
 * Answers the requests of `<script src="/.spillway/reload.js"></script>`, by which a page finds out that it is out of date.
 * @param generation identifies the running version of the program.
 */
export function reloading(c: Context, generation: string): Reply | undefined {
  if (c.method !== 'GET') return undefined
  if (c.path === scriptPath)
    return c.text(script, { headers: { 'Content-Type': 'text/javascript', 'Cache-Control': 'no-store' } })
  if (c.path !== eventsPath) return undefined
  return sse(c, async (stream) => {
    await stream.send({ data: generation, retry: 100 })
    await stream.closed
  })
}

/** Answers every request with the error, until it is fixed. */
export function failing(failure: Failure, generation: string): Handler {
  return (c) => reloading(c, generation) ?? failed(c, failure)
}

/** The reply to a request that failed with an error: a page for browsers, text for others. */
export function failed(c: Context, failure: Failure): Reply {
  const headers = { 'Cache-Control': 'no-store' }
  if (!c.headers.get('accept')?.includes('text/html')) return c.text(`${failure.text}\n`, { status: 500, headers })
  return c.html(pageOf(failure), { status: 500, headers })
}

const style = `
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem; overflow-wrap: anywhere }
h2 { font-size: 1.1rem }
pre { overflow: auto; background: #8881; padding: .8rem; border-radius: .4rem }
mark { background: #f002; color: inherit; display: inline-block; min-width: 100% }
`

function pageOf({ text, frame }: Failure): string {
  const lines = frame?.lines.map(({ number, text: line }) => {
    const shown = escaped(`${String(number).padStart(5)}  ${line}`)
    return number === frame.line ? `<mark>${shown}</mark>` : shown
  })
  const source = frame ? `<h2>${escaped(`${frame.file}:${frame.line}`)}</h2><pre>${lines!.join('\n')}</pre>` : ''
  const title = escaped(text.split('\n', 1)[0]!)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${title}</title>
<style>${style}</style>
<h1>${title}</h1>
${source}
<pre>${escaped(text)}</pre>
<script src="${scriptPath}"></script>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`)
}
