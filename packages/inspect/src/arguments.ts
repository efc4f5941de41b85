// The command line of `spillway-inspect`.
import { UsageError, chosenFrom, optionLines, readOptions } from '@spillway/command-line'

/** The one table for the command line and the help. */
export const options = {
  port: {
    type: 'number',
    to: 65_535,
    default: 0,
    value: 'port',
    help: 'where clients connect to; 0 is any free port',
  },
  'inspector-port': {
    type: 'number',
    to: 65_535,
    default: 0,
    value: 'port',
    help: 'where the page of the inspector is; 0 is any free port',
  },
} as const

export const usage: string = `spillway-inspect proxy <url> [options]

Stands in front of an HTTP server, whatever it is written in, and shows what goes through.

${optionLines(options)}
`

/** What stands on the command line. */
export interface Arguments {
  /** Of the server that is to be inspected. */
  readonly url: string
  readonly port: number
  readonly inspectorPort: number
}

/** @throws UsageError for what cannot be understood. */
export function readArguments(args: readonly string[]): Arguments | 'help' | 'version' {
  const { values, positionals } = readOptions(args, options)
  if (values.help === true) return 'help'
  if (values.version === true) return 'version'
  const [command, url, more] = positionals
  if (command === undefined) throw new UsageError('Say what to inspect: spillway-inspect proxy http://localhost:8000')
  chosenFrom('command', command, ['proxy'])
  if (url === undefined || more !== undefined)
    throw new UsageError('proxy takes the URL of one server: spillway-inspect proxy http://localhost:8000')
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new UsageError(`proxy takes a URL such as http://localhost:8000, not ${JSON.stringify(url)}`)
  return { url, port: values.port, inspectorPort: values['inspector-port'] }
}
