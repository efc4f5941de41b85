import type { Context } from '@spillway/core'
import { parseQualityList } from '@spillway/parser/fields'
import { type Order, columns, listingPage } from './listing-page.ts'
import { type Representation, describeBytes } from './representation.ts'
import type { ListedFile } from './source.ts'

/** `file2` comes before `file10`, and `B` between `a` and `c`, in every locale. */
const names = /* @__PURE__ */ new Intl.Collator('en', { numeric: true, sensitivity: 'base' })

/**
 * The content of a directory: a page, or JSON for clients that prefer it. It is sorted as the query says, `?sort=size` or, in
 * descending order, `?sort=-size`; directories come first. @param path of the directory, decoded, below the root.
 */
export function describeListing(
  c: Context<any, any>,
  path: string,
  found: readonly ListedFile[],
  cacheControl: string,
): Representation {
  const order = readOrder(c.search)
  const files = sorted(found, order)
  const asJson = prefersJson(c.headers.get('accept'))
  const text = asJson ? listingJson(path, files) : listingPage(path, files, order)
  const name = asJson ? 'index.json' : 'index.html'
  return describeBytes(Buffer.from(text), undefined, { name, cacheControl, variants: [], vary: 'Accept' })
}

function listingJson(path: string, files: readonly ListedFile[]): string {
  const entries = files.map(({ name, type, size, modified }) => ({
    name,
    type,
    ...(size !== undefined && { size }),
    ...(modified !== undefined && { modified: new Date(modified).toISOString() }),
  }))
  return `${JSON.stringify({ path: `/${path}`, entries }, null, 2)}\n`
}

/** Browsers, and clients that accept anything, get the page. */
function prefersJson(accept: string | null): boolean {
  if (accept === null) return false
  const weights = new Map(parseQualityList(accept).map(({ value, q }) => [value.toLowerCase(), q]))
  return (weights.get('application/json') ?? 0) > (weights.get('text/html') ?? weights.get('text/*') ?? 0)
}

function readOrder(search: string): Order {
  const sort = new URLSearchParams(search).get('sort') ?? ''
  const by = columns.find((column) => column === sort.replace(/^-/, ''))
  return by ? { by, descending: sort.startsWith('-') } : { by: 'name', descending: false }
}

function sorted(files: readonly ListedFile[], { by, descending }: Order): ListedFile[] {
  const sign = descending ? -1 : 1
  return files.toSorted((a, b) => {
    if (a.type !== b.type) return a.type === 'directory' ? -1 : 1
    const difference = by === 'name' ? byName(a, b) : (a[by] ?? 0) - (b[by] ?? 0)
    return sign * difference || byName(a, b)
  })
}

function byName(a: ListedFile, b: ListedFile): number {
  return names.compare(a.name, b.name) || (a.name < b.name ? -1 : 1)
}
