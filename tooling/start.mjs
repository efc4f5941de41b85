// `npm start`: installs and builds what is missing, then runs the wire lab in this process.
import { must, setup } from './setup.mjs'

const parent = process.ppid
setup()
must('turbo', 'run', 'build', '--filter=@spillway/wire-lab', '--output-logs=errors-only')
// npm runs this through a shell that does not pass SIGTERM on: when that shell is gone, stop as if signalled.
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, 200).unref()
await import('../apps/wire-lab/dist/main.js')
