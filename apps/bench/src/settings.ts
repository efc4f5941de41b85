// What every server of the bench is told, through its environment.
import { readFileSync } from 'node:fs'

/** What every server of the bench is told, by its environment. */
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

/** The origin of the server that requests are passed on to, when that is the work. */
export const upstream: string | undefined = process.env['BENCH_UPSTREAM']

/** How many more routes there are: `/routes/:number/of/:name`, each written out. */
export const routes: number = Number(process.env['BENCH_ROUTES'] ?? 0)

/** Whether connections stay, however long nothing is asked on them. */
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

/** The answer of `/json/:count`. */
export interface Selection {
  readonly items: (Item & { readonly total: number })[]
  readonly count: number
}

const file = process.env['BENCH_DATASET']
const items = file === undefined ? [] : (JSON.parse(readFileSync(file, 'utf8')) as Item[])

/** The first items, each with its total: the work of `/json/:count?m=` is the same in every server. Literals: to spread takes longer than to serve. */
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

/** The answer of `/baseline11?a=&b=`, with the number in the content of a POST. */
export function sum(a: unknown, b: unknown, content: unknown = 0): string {
  return String(Number(a) + Number(b) + Number(content))
}
