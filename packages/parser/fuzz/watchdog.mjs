// Ends a fuzzer that hangs, and says at which input: a thread looks whether this one still beats.
import { Worker } from 'node:worker_threads'

/** Without a sign of life for so long it hangs. Milliseconds. */
const PATIENCE = 20_000
const MOST = 4096

const thread = `
const { workerData: { counts, input, patience } } = require('node:worker_threads')
const { writeSync } = require('node:fs')
for (let last = -1; Atomics.wait(counts, 1, 0, patience) === 'timed-out'; last = counts[0]) {
  if (counts[0] !== last) continue
  writeSync(2, 'hangs at ' + JSON.stringify(Buffer.from(input.slice(0, counts[2])).toString('latin1')) + '\\n')
  process.kill(process.pid, 'SIGKILL')
}`

/** Runs a fuzzer, which calls what it is given with each input that comes now. */
export function watched(run) {
  const counts = new Int32Array(new SharedArrayBuffer(12))
  const input = new Uint8Array(new SharedArrayBuffer(MOST))
  new Worker(thread, { eval: true, workerData: { counts, input, patience: PATIENCE } }).unref()
  try {
    return run((bytes) => {
      counts[2] = Math.min(bytes.length, MOST)
      input.set(bytes.subarray(0, MOST))
      Atomics.add(counts, 0, 1)
    })
  } finally {
    Atomics.store(counts, 1, 1)
    Atomics.notify(counts, 1)
  }
}
