// The command line.
import { UsageError, optionLines, readOptions } from '@spillway/command-line'

/** The one table for the command line and the help. */
export const options = {
  test: { type: 'string', short: 't', value: 'file', help: 'check a configuration, and say what is wrong with it' },
  schema: { type: 'boolean', help: 'print the JSON Schema of configurations, for editors' },
} as const

export const usage: string = `gateway [config.json]

Without a file, a demo is started: servers of its own, and clients that send requests to them.

${optionLines(options)}

SIGHUP loads the configuration again; SIGTERM and Ctrl-C let the requests under way finish.
`

/** What was asked for. */
export type Command =
  | { readonly do: 'run'; readonly file: string | undefined }
  | { readonly do: 'test'; readonly file: string }
  | { readonly do: 'schema' }
  | { readonly do: 'help' }
  | { readonly do: 'version' }

/** @throws UsageError for what cannot be understood. */
export function readArguments(args: readonly string[]): Command {
  const { values, positionals } = readOptions(args, options)
  if (values.help === true) return { do: 'help' }
  if (values.version === true) return { do: 'version' }
  const [file, second] = positionals
  const wanted = [values.test, values.schema, file].filter((one) => one !== undefined)
  if (wanted.length > 1 || second !== undefined)
    throw new UsageError('One thing at a time: a configuration to run, --test with one, or --schema')
  if (values.schema === true) return { do: 'schema' }
  if (values.test !== undefined) return { do: 'test', file: values.test }
  return { do: 'run', file }
}
