import { type Server, closeOnSignals, serve } from '@spillway/core'
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

closeOnSignals(server, { deadline: drain })
