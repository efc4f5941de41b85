// Whoever waits for something in a test waits for it, however slow a machine is that others use as well; vitest gives up
// after a second. What never comes still fails, before the test's own time is over.
import { vi } from 'vitest'

const timeout = 15_000
const { waitFor, waitUntil } = vi

vi.waitFor = (callback, options) => waitFor(callback, patient(options))
vi.waitUntil = (callback, options) => waitUntil(callback, patient(options))

function patient(options) {
  return typeof options === 'number' ? options : { timeout, ...options }
}
