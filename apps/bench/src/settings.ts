// The settings of every server of the bench, from its environment.
import { readFileSync } from 'node:fs'

/** The address on which every server of the bench listens. */
export const host = '127.0.0.1'
export const port: number = Number(process.env['BENCH_PORT'] ?? 3000)
/** Directory behind `/static/`. */
export const directory: string = process.env['BENCH_STATIC'] ?? '.'

/** Certificate and key, when the workload is to be served over TLS. */
const pem = process.env['BENCH_TLS']
export const tls: { cert: string; key: string } | undefined =
  pem === undefined
    ? undefined
    : { cert: readFileSync(`${pem}/cert.pem`, 'utf8'), key: readFileSync(`${pem}/key.pem`, 'utf8') }

/** The origin of the upstream server, for servers that act as proxies. */
export const upstream: string | undefined = process.env['BENCH_UPSTREAM']

/** Number of additional routes: `/routes/:number/of/:name`, each with its number written out. */
export const routes: number = Number(process.env['BENCH_ROUTES'] ?? 0)

/** Whether connections stay open, however long they are idle. */
export const isPatient: boolean = process.env['BENCH_PATIENT'] !== undefined

export const greeting = 'Hello, World!'

/** One record of the dataset. */
interface Item {
  readonly id: number
  readonly name: string
  readonly category: string
  readonly price: number
  readonly quantity: number
  readonly active: boolean
  readonly tags: string[]
  readonly rating: { readonly score: number; readonly count: number }
}

/** The content of the response to `/json/:count`. */
export interface Selection {
  readonly items: (Item & { readonly total: number })[]
  readonly count: number
}

const file = process.env['BENCH_DATASET']
const items = file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as Item[])

/** The first items, each with its total: the same work for `/json/:count?m=` in every server. Spreading would cost more than serving. */
export function selection(count: string | undefined, multiplier: string | null | undefined): Selection {
  const m = Number(multiplier ?? 1)
  const chosen = items.slice(0, Number(count)).map(({ id, name, category, price, quantity, active, tags, rating }) => ({
    id,
    name,
    category,
    price,
    quantity,
    active,
    tags,
    rating,
    total: price * quantity * m,
  }))
  return { items: chosen, count: chosen.length }
}

/** The content of the response to `/baseline11?a=&b=`, including the number in the content of a POST. */
export function sum(a: unknown, b: unknown, content: unknown = 0): string {
  return String(Number(a) + Number(b) + Number(content))
}
