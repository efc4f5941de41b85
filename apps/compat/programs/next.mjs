// The output of `next build` for the folder `next`: a server of its own, which takes its port from the environment.
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { pause, ready } from './lib.mjs'

const probe = createServer().listen(0, '127.0.0.1')
await once(probe, 'listening')
const { port } = probe.address()
probe.close()
Object.assign(process.env, { PORT: String(port), HOSTNAME: '127.0.0.1' })
await import(new URL('./next/dist/standalone/apps/compat/programs/next/server.js', import.meta.url))

const listens = () =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
while (!(await listens())) await pause(20)
ready(port, () => {
  process.kill(process.pid, 'SIGTERM')
  return new Promise(() => {})
})
