#!/usr/bin/env node
// `npx @spillway/inspect proxy http://localhost:8000`: an inspector in front of any HTTP server.
import { ownVersion, runProgram } from '@spillway/command-line'
import { closeOnSignals, serve } from '@spillway/core'
import { proxy, upstreams } from '@spillway/middleware/proxy'
import { type Arguments, readArguments, usage } from './arguments.ts'
import { inspect } from './index.ts'

await runProgram('spillway-inspect', async (args) => {
  const read = readArguments(args)
  if (read === 'help') process.stdout.write(usage)
  else if (read === 'version') console.log(ownVersion(new URL('../package.json', import.meta.url)))
  else await start(read)
})

async function start({ url, port, inspectorPort }: Arguments): Promise<void> {
  const to = upstreams([url])
  const server = await serve(proxy(to), { port })
  const inspector = await inspect(server, { port: inspectorPort }).catch(async (error: unknown) => {
    await server.close({ deadline: 0 })
    to.close()
    throw error
  })
  closeOnSignals({
    close: async (how) => {
      await inspector.close()
      const closed = await server.close({ deadline: 2_000, ...how })
      to.close()
      return closed
    },
  })
  process.stdout.write(
    `  Clients connect to  ${server.url}\n  which asks          ${url}\n  The inspector       ${inspector.url}\n`,
  )
}
