/**
 * Measures calls and prints the best time of each. They are measured in turns, or those that come first would pay for the
 * compiler; a tenth of the calls has to do where they are asynchronous.
 */
export async function compare(cases, { unit = 'µs', runs = 5 } = {}) {
  const best = cases.map(() => Infinity)
  for (let run = 0; run < runs; run++)
    for (const [at, [, count, call]] of cases.entries()) best[at] = Math.min(best[at], await measure(count, call))
  const width = Math.max(...cases.map(([name]) => name.length))
  for (const [at, [name]] of cases.entries()) {
    const time = unit === 'ns' ? (best[at] * 1e6).toFixed(0) : (best[at] * 1e3).toFixed(2)
    console.log(`${name.padEnd(width)} ${time.padStart(9)} ${unit}`)
  }
}

/** Milliseconds for one call. */
async function measure(count, call) {
  const asynchronous = call() instanceof Promise
  const times = asynchronous ? Math.ceil(count / 10) : count
  const started = performance.now()
  if (asynchronous) for (let i = 0; i < times; i++) await call()
  else for (let i = 0; i < times; i++) call()
  return (performance.now() - started) / times
}
