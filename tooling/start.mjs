// `npm start`: installs and builds what is missing, then runs the wire lab in this process. `npm start chat` runs another demo.
import { randomBytes } from 'node:crypto'
import { must, setup } from './setup.mjs'

/** What can be started, and the environment that it requires. */
const demos = {
  'wire-lab': {},
  chat: {},
  conduit: { SECRET: randomBytes(32).toString('hex') },
  gateway: {},
}
const name = process.argv[2] ?? 'wire-lab'
const demo = demos[name]
if (!demo) {
  console.error(`There is no demo ${name}: there are ${Object.keys(demos).join(', ')}`)
  process.exit(2)
}
for (const [variable, value] of Object.entries(demo)) process.env[variable] ??= value

const parent = process.ppid
setup()
must('turbo', 'run', 'build', `--filter=@spillway/${name}`, '--output-logs=errors-only')
// npm runs this in a shell that does not forward SIGTERM: when that shell is gone, stop as if signalled.
setInterval(() => {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, 200).unref()
// The demo itself must see no arguments.
process.argv.splice(2)
await import(`../apps/${name}/dist/main.js`)
