// Lets tests wait for a condition even on a slow, busy machine, where vitest would give up after a second. A condition that is
// never met still fails before the test's own timeout.
import { vi } from 'vitest'

const timeout = 15_000
const { waitFor, waitUntil } = vi

vi.waitFor = (callback, options) => waitFor(callback, patient(options))
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options))

function patient(options) {
  return typeof options === 'number' ? options : { timeout, ...options }
}
