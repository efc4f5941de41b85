/** One value for each set of labels, written in OpenMetrics format (1.0.0 §4). */
export interface Family {
  /** Its lines, each ending in a line feed. */
  write(): string
}

/** A family has no more series than this, whatever clients send; further ones are counted together, with the label value `other`. */
export const mostSeries = 1000

type Labels = readonly string[]

// decision 020
/** The series of one family, by the values of its labels. */
class Series<T> {
  readonly #names: Labels
  readonly #make: () => T
  readonly #byKey: Map<string, { readonly labels: string; readonly value: T }> = new Map()

  constructor(names: Labels, make: () => T) {
    this.#names = names
    this.#make = make
    if (names.length === 0) this.get([])
  }

  get(values: Labels): T {
    const key = values.length === 1 ? values[0]! : values.join('\0')
    const found = this.#byKey.get(key)
    if (found) return found.value
    if (this.#byKey.size >= mostSeries && values.some((value) => value !== 'other'))
      return this.get(values.map(() => 'other'))
    const value = this.#make()
    this.#byKey.set(key, { labels: labelText(this.#names, values), value })
    return value
  }

  *[Symbol.iterator](): IterableIterator<{ readonly labels: string; readonly value: T }> {
    yield* this.#byKey.values()
  }
}

/** A number that only increases. */
export class Counter implements Family {
  readonly #name: string
  readonly #help: string
  readonly #series: Series<{ total: number }>

  /** @param name without `_total`. */
  constructor(name: string, help: string, labels: Labels = []) {
    this.#name = name
    this.#help = help
    this.#series = new Series(labels, () => ({ total: 0 }))
  }

  add(by: number, ...labels: string[]): void {
    this.#series.get(labels).total += by
  }

  /** The counter of one series, for frequent use; do not keep many. */
  of(...labels: string[]): { total: number } {
    return this.#series.get(labels)
  }

  write(): string {
    let text = head(this.#name, 'counter', this.#help)
    for (const { labels, value } of this.#series) text += `${this.#name}_total${braces(labels)} ${value.total}\n`
    return text
  }
}

/** A value that is read when it is asked for. */
export class Gauge implements Family {
  readonly #name: string
  readonly #help: string
  readonly #read: () => number

  constructor(name: string, help: string, read: () => number) {
    this.#name = name
    this.#help = help
    this.#read = read
  }

  write(): string {
    return `${head(this.#name, 'gauge', this.#help)}${this.#name} ${this.#read()}\n`
  }
}

/** How many values of one series fall into each bucket. */
export interface Buckets {
  readonly buckets: number[]
  sum: number
  count: number
}

/** Counts values by their size. */
export class Histogram implements Family {
  readonly #name: string
  readonly #help: string
  readonly #bounds: readonly number[]
  readonly #series: Series<Buckets>

  /** @param bounds upper bounds of the buckets, in ascending order; the last one, which has none, is added. */
  constructor(name: string, help: string, bounds: readonly number[], labels: Labels = []) {
    this.#name = name
    this.#help = help
    this.#bounds = bounds
    this.#series = new Series(labels, () => ({ buckets: bounds.map(() => 0), sum: 0, count: 0 }))
  }

  observe(value: number, ...labels: string[]): void {
    this.observeIn(this.of(...labels), value)
  }

  /** One series, for frequent use; do not keep many. */
  of(...labels: string[]): Buckets {
    return this.#series.get(labels)
  }

  observeIn(series: Buckets, value: number): void {
    const bounds = this.#bounds
    let at = 0
    while (at < bounds.length && value > bounds[at]!) at++
    if (at < bounds.length) series.buckets[at]!++
    series.sum += value
    series.count++
  }

  write(): string {
    const name = this.#name
    let text = head(name, 'histogram', this.#help)
    for (const { labels, value } of this.#series) {
      const before = labels === '' ? '' : `${labels},`
      let below = 0
      for (const [i, bound] of this.#bounds.entries()) {
        below += value.buckets[i]!
        text += `${name}_bucket{${before}le="${boundText(bound)}"} ${below}\n`
      }
      text += `${name}_bucket{${before}le="+Inf"} ${value.count}\n`
      text += `${name}_count${braces(labels)} ${value.count}\n${name}_sum${braces(labels)} ${value.sum}\n`
    }
    return text
  }
}

function head(name: string, type: string, help: string): string {
  const unit = /_(seconds|bytes)$/.exec(name)?.[1]
  return `# TYPE ${name} ${type}\n${unit ? `# UNIT ${name} ${unit}\n` : ''}# HELP ${name} ${help}\n`
}

function labelText(names: Labels, values: Labels): string {
  return names.map((name, i) => `${name}="${escape(values[i]!)}"`).join(',')
}

function braces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

/** Bounds are written as floats, even when they are whole (§4.4.3). */
function boundText(bound: number): string {
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}
