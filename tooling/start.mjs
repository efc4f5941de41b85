import { run, setup } from './setup.mjs'

setup()
const status = run('turbo', 'run', 'build', '--filter=@spillway/wire-lab', '--output-logs=errors-only')
if (status !== 0) process.exit(status)
// npm runs this through a shell that does not pass SIGTERM on: when that shell is gone, stop as if signalled.
const parent = process.ppid
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, 200).unref()
await import('../apps/wire-lab/dist/main.js')
