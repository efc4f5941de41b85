/** Says on the error output what goes on: one line that changes on a terminal, else a line for each workload. */
export class Progress {
  readonly #steps: number
  readonly #started = performance.now()
  #done = 0
  #workload = ''

  constructor(steps: number) {
    this.#steps = steps
  }

  /** A step begins: one run of the load generator, or what takes as long. */
  step(workload: string, what: string): void {
    const percent = Math.floor((this.#done / this.#steps) * 100)
    if (process.stderr.isTTY) this.#line(`${percent} %  ${workload}: ${what}${this.#left()}`)
    else if (workload !== this.#workload) console.error(`${percent} %  ${workload}${this.#left()}`)
    this.#workload = workload
    this.#done++
  }

  /** Steps that will not be made. */
  skip(steps: number): void {
    this.#done += steps
  }

  /** Makes place for lasting output. */
  clear(): void {
    if (process.stderr.isTTY) this.#line('')
  }

  #line(text: string): void {
    process.stderr.write(`\r\u001b[K${text}`)
  }

  #left(): string {
    if (this.#done === 0) return ''
    const seconds = ((performance.now() - this.#started) / 1000 / this.#done) * (this.#steps - this.#done)
    return seconds < 60 ? `, ${Math.ceil(seconds)} s left` : `, ${Math.ceil(seconds / 60)} min left`
  }
}
