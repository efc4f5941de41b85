// Loaded into a server before its own code (`node --import`). The first SIGUSR2 starts a CPU profile, the second writes
// it to BENCH_PROFILE and ends the process: this leaves out start and warm-up.
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector'

/** Microseconds between two samples. */
const interval = 500

const session = new Session()
session.connect()

process.once('SIGUSR2', () => {
  session.post('Profiler.enable')
  session.post('Profiler.setSamplingInterval', { interval })
  session.post('Profiler.start')
  process.once('SIGUSR2', () => {
    session.post('Profiler.stop', (error, { profile }) => {
      if (error) throw error
      writeFileSync(process.env['BENCH_PROFILE'] ?? 'spillway.cpuprofile', JSON.stringify(profile))
      process.exit()
    })
  })
})
