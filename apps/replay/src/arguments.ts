// The command line.
import { UsageError, chosenFrom, optionLines, readOptions } from '@spillway/command-line'
import type { Destination, Pace } from './send.ts'

const names = ['list', 'show', 'send', 'har'] as const

/** The one table for the command line and the help. */
export const options = {
  only: {
    type: 'string',
    multiple: true,
    value: 'TEXT',
    help: 'those whose method and URL contain TEXT, where * stands for anything; may be repeated',
  },
  to: { type: 'string', value: 'URL', help: 'where to send: http://host:port or https://host:port' },
  'keep-host': { type: 'boolean', help: 'send Host as recorded, instead of that of URL' },
  raw: { type: 'boolean', help: 'send the bytes of FILE as they are, mistakes and Host included' },
  concurrency: {
    type: 'number',
    from: 1,
    to: 10_000,
    default: 4,
    value: 'N',
    help: 'requests at a time; 1 keeps their order',
  },
  rate: { type: 'number', decimals: true, from: 0.001, to: 1e9, value: 'N', help: 'at most N requests a second' },
  speed: {
    type: 'number',
    decimals: true,
    from: 0.001,
    to: 1e9,
    value: 'N',
    help: 'as in the recording, N times as fast',
  },
  ignore: {
    type: 'string',
    multiple: true,
    value: 'NAMES',
    help: 'fields that are not compared, separated by commas; `content` for contents; may be repeated',
  },
  timeout: {
    type: 'number',
    decimals: true,
    from: 0.001,
    to: 1e6,
    default: 30,
    value: 'SECONDS',
    help: 'for one response',
  },
  insecure: { type: 'boolean', help: 'accept any certificate' },
  keep: { type: 'number', default: 16_777_216, value: 'BYTES', help: 'how much of each content is kept' },
  json: { type: 'boolean', help: 'print one JSON object for each line of the result' },
} as const

export const usage: string = `spillway-replay lists what a HAR file, a pcap or pcapng capture, an access log of nginx or Apache,
or a file of HTTP messages contains; shows it, sends it again, and compares the responses.

  spillway-replay list FILE              one line for each transaction
  spillway-replay show FILE NUMBER…      as bytes, with the verdict of a strict parser
  spillway-replay send FILE --to URL     sends the requests to URL only, and compares the responses
  spillway-replay har  FILE              writes a HAR file to standard output

${optionLines(options)}

The exit status is 0 when everything is as recorded, 1 when a response differs or is missing,
and 2 when the command could not do what was asked.
`

/** The command that the command line specifies. */
export interface Command {
  readonly name: (typeof names)[number]
  readonly file: string
  readonly numbers: ReadonlySet<number>
  readonly only: readonly ((text: string) => boolean)[]
  readonly ignore: readonly string[]
  readonly keep: number
  readonly json: boolean
  readonly destination: Destination | undefined
  readonly pace: Pace
}

/**
 * Reads the command line.
 * @throws UsageError for arguments that cannot be understood
 */
export function readArguments(args: readonly string[]): Command | 'help' | 'version' {
  const { values, positionals } = readOptions(args, options)
  if (values.help === true) return 'help'
  if (values.version === true) return 'version'
  const [wanted, file, ...rest] = positionals
  if (wanted === undefined) throw new UsageError(`Say what to do: ${names.join(', ')}. See --help.`)
  const name = chosenFrom('command', wanted, names)
  if (file === undefined) throw new UsageError(`${name} needs a file`)
  if (name === 'show' ? rest.length === 0 : rest.length > 0)
    throw new UsageError(
      name === 'show' ? 'show needs the number of a transaction; list prints them' : `${name} takes one file`,
    )
  if (name === 'send' && values.to === undefined)
    throw new UsageError('send needs --to URL: nothing is sent to a host that is not named')
  if (values.rate !== undefined && values.speed !== undefined)
    throw new UsageError('--rate and --speed exclude each other')
  return {
    name,
    file,
    numbers: new Set(rest.map((text) => numberOf(text))),
    only: (values.only ?? []).map((text) => containing(text)),
    ignore: (values.ignore ?? []).flatMap((list) => list.toLowerCase().split(',')).map((one) => one.trim()),
    keep: values.keep,
    json: values.json === true,
    destination:
      values.to === undefined
        ? undefined
        : {
            url: urlOf(values.to),
            keepHost: values['keep-host'] === true,
            raw: values.raw === true,
            timeout: values.timeout * 1000,
            insecure: values.insecure === true,
          },
    pace: {
      concurrency: values.concurrency,
      rate: values.rate,
      speed: values.speed,
    },
  }
}

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`${text} is not the number of a transaction; list prints them`)
  return Number(text)
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--to takes a URL such as http://localhost:3000, not ${JSON.stringify(text)}`)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new UsageError(`--to takes scheme, host and port only, not ${JSON.stringify(text)}`)
  return url
}

/** Returns a test whether a text contains `wanted`, in which an asterisk matches anything; case is ignored. */
function containing(wanted: string): (text: string) => boolean {
  const parts = wanted.toLowerCase().split('*')
  return (text) => {
    const lower = text.toLowerCase()
    let at = 0
    for (const part of parts) {
      const found = lower.indexOf(part, at)
      if (found < 0) return false
      at = found + part.length
    }
    return true
  }
}
