#!/usr/bin/env node
// `npx @spillway/inspect proxy http://localhost:8000`: an inspector in front of any HTTP server.
import { parseArgs } from 'node:util'
import { closeOnSignals, serve } from '@spillway/core'
import { proxy, upstreams } from '@spillway/middleware/proxy'
import { inspect } from './index.ts'

const usage = `Usage: spillway-inspect proxy <url> [--port <port>] [--inspector-port <port>]

Stands in front of a server of HTTP, whatever it is written in, and shows what goes through.

  --port            where clients connect to. Default: any free port
  --inspector-port  where the page is. Default: any free port
  --help            this text
`

function complain(problem: string): never {
  process.stderr.write(`${problem}\n\n${usage}`)
  process.exit(2)
}

/** @throws an Error with the reason, in one line. */
function portFrom(name: string, value: string | undefined): number {
  if (value === undefined) return 0
  return /^\d{1,5}$/.test(value) && Number(value) < 65_536 ? Number(value) : complain(`--${name} is no port: ${value}`)
}

function read(): { url: string; port: number; inspectorPort: number } {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        port: { type: 'string' },
        'inspector-port': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help) {
      process.stdout.write(usage)
      process.exit(0)
    }
    const [command, url, ...more] = positionals
    if (command !== 'proxy' || url === undefined || more.length > 0) complain('What shall be inspected?')
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) complain(`No URL of HTTP: ${url}`)
    return {
      url,
      port: portFrom('port', values.port),
      inspectorPort: portFrom('inspector-port', values['inspector-port']),
    }
  } catch (error) {
    return complain((error as Error).message)
  }
}

const { url, port, inspectorPort } = read()
try {
  const to = upstreams([url])
  const server = await serve(proxy(to), { port })
  const inspector = await inspect(server, { port: inspectorPort })
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
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`)
  process.exit(1)
}
