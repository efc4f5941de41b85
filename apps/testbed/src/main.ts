import { type Server, serve } from '@spillway/core'
import { application } from './application.ts'
import { type Arguments, readArguments } from './arguments.ts'
import { conformance } from './conformance.ts'

let args: Arguments
try {
  args = readArguments(process.argv.slice(2), process.env)
} catch (error) {
  console.error(`testbed: ${(error as Error).message}`)
  process.exit(2)
}

const { port, host, drain } = args
const handler = args.contract === 'conformance' ? conformance : application(args)
const server: Server = await serve(handler, { ...args.server, port, host })
console.log(`testbed: listening on ${server.url}`)

let stopping = false
async function stop(): Promise<void> {
  // A second signal means now.
  if (stopping) process.exit(1)
  stopping = true
  await server.close({ deadline: drain })
  process.exit(0)
}
process.on('SIGTERM', () => void stop())
process.on('SIGINT', () => void stop())
