// The page that lists a folder.
import type { ListedFile } from './source.ts'

/** The columns by which a listing can be sorted. */
export const columns = ['name', 'size', 'modified'] as const
export interface Order {
  readonly by: (typeof columns)[number]
  readonly descending: boolean
}

/** The page of a directory. It has no scripts and requests nothing else; all names are escaped. */
export function listingPage(path: string, files: readonly ListedFile[], order: Order): string {
  const title = `/${path}`
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escape(title)}</title>
<style>${style}</style>
<svg hidden><symbol id="directory" viewBox="0 0 20 20"><path d="M2 4.5A1.5 1.5 0 0 1 3.5 3h4l2 2.5h7A1.5 1.5 0 0 1 18 7v8.5a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 2 15.5z"/></symbol><symbol id="file" viewBox="0 0 20 20"><path d="M5 2h7l4 4v11a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V3a1 1 0 0 1 1-1z"/></symbol></svg>
<main>
<h1>${crumbs(path)}</h1>
<table>
<thead><tr>${columns.map((column) => heading(column, order)).join('')}</tr></thead>
<tbody>
${path === '' ? '' : '<tr><td colspan="3"><a class="up" href="../">Parent directory</a></td></tr>\n'}${files.map(row).join('')}</tbody>
</table>
<p>${summary(files)}</p>
</main>
</html>
`
}

const titles = { name: 'Name', size: 'Size', modified: 'Last changed' }

/** A link that sorts by a column; if it is the current one, in the opposite order. */
function heading(column: (typeof columns)[number], { by, descending }: Order): string {
  const isCurrent = by === column
  const next = isCurrent && !descending ? `-${column}` : column
  const sort = isCurrent ? ` aria-sort="${descending ? 'descending' : 'ascending'}"` : ''
  return `<th scope="col"${sort}><a href="?sort=${next}">${titles[column]}</a></th>`
}

function row({ name, type, size, modified }: ListedFile): string {
  const isDirectory = type === 'directory'
  // Without the dot in front, `a:b` would be read as a URL of the scheme `a`.
  const href = `./${encodeURIComponent(name)}${isDirectory ? '/' : ''}`
  const time = modified === undefined ? '' : timeOf(modified)
  const bytes = size === undefined ? '' : `<span title="${size} bytes">${sizeOf(size)}</span>`
  return `<tr><td><a href="${escape(href)}"><svg><use href="#${type}"/></svg>${escape(name)}${isDirectory ? '/' : ''}</a></td><td>${bytes}</td><td>${time}</td></tr>\n`
}

/** A link for every directory on the way. */
function crumbs(path: string): string {
  const names = path === '' ? [] : path.split('/')
  const links = ['', ...names].map((name, i) => {
    const up = names.length - i
    const text = i === 0 ? '/' : escape(name)
    return up === 0 ? `<span>${text}</span>` : `<a href="${'../'.repeat(up)}">${text}</a>`
  })
  return links.map((link, i) => (i < 2 ? link : `<i>/</i>${link}`)).join('')
}

function summary(files: readonly ListedFile[]): string {
  const directories = files.filter(({ type }) => type === 'directory').length
  const plain = files.length - directories
  const bytes = files.reduce((sum, { size = 0 }) => sum + size, 0)
  const parts = [
    directories > 0 ? `${directories} ${directories === 1 ? 'directory' : 'directories'}` : '',
    plain > 0 ? `${plain} ${plain === 1 ? 'file' : 'files'}, ${sizeOf(bytes)}` : '',
  ].filter(Boolean)
  return parts.join(', ') || 'This directory is empty.'
}

/** At most three digits, in decimal units. */
function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`
}

function timeOf(ms: number): string {
  const iso = new Date(ms).toISOString()
  return `<time datetime="${iso}" title="${iso.slice(0, 19).replace('T', ' ')} UTC">${iso.slice(0, 16).replace('T', ' ')}</time>`
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!)
}

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d2129, #e4e7ec); --dim: light-dark(#667085, #98a2b3); --line: light-dark(#e6e8ec, #2b303b);
  --hover: light-dark(#f5f7fa, #1f242e); --link: light-dark(#0b57d0, #8ab4f8); --paper: light-dark(#fff, #14171d); --folder: light-dark(#e0a526, #d9a441) }
* { box-sizing: border-box } svg[hidden] { display: none }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { margin: 0 0 1.5rem; font-size: 1.35rem; font-weight: 600; overflow-wrap: anywhere }
h1 a, h1 span { padding: 0 .15em } h1 i { color: var(--dim); font-style: normal }
a { color: var(--link); text-decoration: none } a:hover { text-decoration: underline } a:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; border-radius: 3px }
table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums }
th { text-align: left; font-size: .8rem; font-weight: 600; border-bottom: 1px solid var(--line) } th a { color: var(--dim) }
th[aria-sort] a { color: var(--ink) } th[aria-sort=ascending] a::after { content: " \\2191" } th[aria-sort=descending] a::after { content: " \\2193" }
th, td { padding: .5rem .6rem; white-space: nowrap } td { border-bottom: 1px solid var(--line) } tbody tr:hover { background: var(--hover) }
td:first-child { width: 100%; white-space: normal; overflow-wrap: anywhere } td:first-child a { display: flex; gap: .65rem; align-items: center }
:is(th, td):nth-child(2) { text-align: right } :is(th, td):nth-child(3) { padding-left: 2rem } td:nth-child(n+2) { color: var(--dim) }
td svg { width: 1.15rem; height: 1.15rem; flex: none; fill: var(--dim); opacity: .75 } td svg:has([href="#directory"]) { fill: var(--folder); opacity: 1 }
.up { padding-left: 1.8rem } p { color: var(--dim); font-size: .85rem; margin: 1rem .6rem }
@media (max-width: 34rem) { :is(th, td):nth-child(3) { display: none } main { padding: 1.25rem .5rem } h1 { padding: 0 .6rem } }
`
