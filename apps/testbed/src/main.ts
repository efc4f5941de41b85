import { Failure, ownVersion, runProgram } from '@spillway/command-line'
import { type Server, closeOnSignals, serve } from '@spillway/core'
import { application } from './application.ts'
import { type Arguments, readArguments, usage } from './arguments.ts'
import { conformance } from './conformance.ts'

await runProgram('testbed', async (args) => {
  const read = readArguments(args, process.env)
  if (read === 'help') process.stdout.write(usage)
  else if (read === 'version') console.log(ownVersion(new URL('../package.json', import.meta.url)))
  else {
    const server = await start(read)
    console.log(`testbed: listening on ${server.url}`)
    closeOnSignals(server, { deadline: read.drain })
  }
})

async function start(args: Arguments): Promise<Server> {
  const handler = args.contract === 'conformance' ? conformance : application(args)
  try {
    return await serve(handler, { ...args.server, port: args.port, host: args.host })
  } catch (error) {
    // Core checks the ranges of numbers.
    throw error instanceof RangeError ? new Failure(error.message, { cause: error }) : error
  }
}
