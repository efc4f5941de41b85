import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { Context, Reply } from '@spillway/core'
import { styleOf } from '@spillway/inspect/parts'

/**
 * Shows source files of the project: only those that the tour links to.
 * @param root folder of the site, with the tour. @param sources folder of the project.
 */
export function sourcePages(root: URL, sources: URL): (c: Context<{ path: string | undefined }>) => Promise<Reply> {
  const tour = readFileSync(new URL('loop.html', root), 'utf8')
  const style = styleOf(tour)
  const shown = new Set([...tour.matchAll(/href="\/source\/([^"]+)"/g)].map(([, path]) => path))
  return async (c) => {
    const { path } = c.params
    if (path === undefined || !shown.has(path)) return c.text('The tour does not lead here\n', 404)
    const text = await readFile(new URL(path, sources), 'utf8').catch(() => undefined)
    return text === undefined ? c.text('The sources are not here\n', 404) : c.html(page(path, text, style))
  }
}

/** A page in the style of the tour. */
function page(path: string, text: string, style: string): string {
  const lines = escape(text.trimEnd()).split('\n')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${path} · Spillway wire lab</title>
    <meta name="color-scheme" content="light dark" />
    <link rel="icon" href="/icon.svg" type="image/svg+xml" />
    ${style}
  </head>
  <body>
    <main class="source">
      <p><a href="/loop.html">The loop</a></p>
      <h1>${path}</h1>
      <pre tabindex="0"><code>${lines.map((line) => `<span>${line}</span>`).join('\n')}</code></pre>
    </main>
  </body>
</html>
`
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
