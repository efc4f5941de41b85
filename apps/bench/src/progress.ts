/** Reports progress on stderr: one line that changes on a terminal, otherwise a line for each workload. */
export class Progress {
  readonly #steps: number
  readonly #started = performance.now()
  #done = 0
  #workload = ''

  constructor(steps: number) {
    this.#steps = steps
  }

  /** Begins a step: one run of the load generator, or something that takes as long. */
  step(workload: string, what: string): void {
    const percent = Math.floor((this.#done / this.#steps) * 100)
    if (process.stderr.isTTY) this.#line(`${percent} %  ${workload}: ${what}${this.#left()}`)
    else if (workload !== this.#workload) console.error(`${percent} %  ${workload}${this.#left()}`)
    this.#workload = workload
    this.#done++
  }

  /** Counts skipped steps as done. */
  skip(steps: number): void {
    this.#done += steps
  }

  /** Clears the line for permanent output. */
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
