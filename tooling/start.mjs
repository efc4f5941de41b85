// `npm start`: installs and builds what is missing, then runs the wire lab in this process.
import { spawnSync } from 'node:child_process'
import { setup, spawnOptions } from './setup.mjs'

const parent = process.ppid
setup()
const task = ['run', 'build', '--filter=@spillway/wire-lab', '--output-logs=errors-only']
const { status, stdout, stderr } = spawnSync('turbo', task, { ...spawnOptions, encoding: 'utf8' })
if (status !== 0) {
  console.error(`${stdout}${stderr}`)
  process.exit(status ?? 1)
}
// npm runs this through a shell that does not pass SIGTERM on: when that shell is gone, stop as if signalled.
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, 200).unref()
await import('../apps/wire-lab/dist/main.js')
