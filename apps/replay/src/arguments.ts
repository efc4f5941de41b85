// The command line.
import { parseArgs } from 'node:util'
import { UsageError } from './failure.ts'
import type { Pace } from './send.ts'
import type { Destination } from './send.ts'

export const usage = `spillway-replay lists what is in a HAR file, a pcap or pcapng capture, an access log of nginx or Apache,
or a file of HTTP messages; it shows it, sends it again, and compares the answers.

  spillway-replay list FILE              one line for each transaction
  spillway-replay show FILE NUMBER…      as bytes, with the parser's verdict
  spillway-replay send FILE --to URL     sends the requests to URL, and only there; compares the answers
  spillway-replay har  FILE              writes a HAR file to standard output

  --only TEXT          those whose method and URL hold TEXT, * standing for anything; may be repeated
  --to URL             http://host:port or https://host:port
  --keep-host          sends Host as recorded, instead of that of URL
  --raw                sends the bytes that are in FILE, mistakes and all, Host too
  --concurrency N      requests at a time, from 1 on (default 4; 1 keeps their order)
  --rate N             requests a second (default: as many as can be)
  --speed N            as in the recording, N times as fast
  --ignore NAMES       field names, between commas, or content: not compared; may be repeated
  --timeout SECONDS    for one answer (default 30)
  --insecure           any certificate will do
  --keep BYTES         of each content that are read (default 16777216)
  --json               one JSON object for each line of the result
  --help, --version

It ends with 0 when all is well, 1 when an answer differs or is missing, 2 when it could not do what was asked.
`

/** What was asked for. */
export interface Command {
  readonly name: 'list' | 'show' | 'send' | 'har'
  readonly file: string
  readonly numbers: ReadonlySet<number>
  readonly only: readonly ((text: string) => boolean)[]
  readonly ignore: readonly string[]
  readonly keep: number
  readonly json: boolean
  readonly destination: Destination | undefined
  readonly pace: Pace
}

const options = {
  only: { type: 'string', multiple: true },
  to: { type: 'string' },
  'keep-host': { type: 'boolean' },
  raw: { type: 'boolean' },
  concurrency: { type: 'string' },
  rate: { type: 'string' },
  speed: { type: 'string' },
  ignore: { type: 'string', multiple: true },
  timeout: { type: 'string' },
  insecure: { type: 'boolean' },
  keep: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
} as const

/**
 * Reads the command line.
 *
 * @throws {UsageError} that says what is wrong with it
 */
export function readArguments(args: readonly string[]): Command | 'help' | 'version' {
  let parsed
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
  const { values, positionals } = parsed
  if (values.help === true) return 'help'
  if (values.version === true) return 'version'
  const [name, file, ...rest] = positionals
  if (name !== 'list' && name !== 'show' && name !== 'send' && name !== 'har')
    throw new UsageError(
      name === undefined
        ? 'Say what to do: list, show, send or har. See --help.'
        : `There is no command ${name}: list, show, send or har`,
    )
  if (file === undefined) throw new UsageError(`${name} needs a file`)
  if (name === 'show' ? rest.length === 0 : rest.length > 0)
    throw new UsageError(
      name === 'show' ? 'show needs the number of a transaction; list has them' : `${name} takes one file`,
    )
  if (name === 'send' && values.to === undefined)
    throw new UsageError('send needs --to URL: nothing is sent to a host that is not named')
  if (values.rate !== undefined && values.speed !== undefined) throw new UsageError('Either --rate or --speed')
  const amount = (
    option: 'rate' | 'speed' | 'timeout' | 'concurrency' | 'keep',
    isWhole: boolean,
    least: number,
  ): number | undefined => {
    const text = values[option]
    if (text === undefined) return undefined
    const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN
    if (!(value >= least && value <= 1e12) || (isWhole && !Number.isInteger(value)))
      throw new UsageError(`--${option} is no ${isWhole ? 'whole number' : 'number'} from ${least} on but ${text}`)
    return value
  }
  return {
    name,
    file,
    numbers: new Set(rest.map((text) => numberOf(text))),
    only: (values.only ?? []).map((text) => holder(text)),
    ignore: (values.ignore ?? []).flatMap((names) => names.toLowerCase().split(',')).map((one) => one.trim()),
    keep: amount('keep', true, 0) ?? 16_777_216,
    json: values.json === true,
    destination:
      values.to === undefined
        ? undefined
        : {
            url: urlOf(values.to),
            keepHost: values['keep-host'] === true,
            raw: values.raw === true,
            timeout: (amount('timeout', false, 0.001) ?? 30) * 1000,
            insecure: values.insecure === true,
          },
    pace: {
      concurrency: amount('concurrency', true, 1) ?? 4,
      rate: amount('rate', false, 0.001),
      speed: amount('speed', false, 0.001),
    },
  }
}

function numberOf(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UsageError(`${text} is no number of a transaction; list has them`)
  return Number(text)
}

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new UsageError(`--to: ${text} is no URL with http: or https:`)
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '')
    throw new UsageError(`--to: ${text} says more than scheme, host and port`)
  return url
}

/** Whether a text holds another one, in which an asterisk stands for anything, without regard to case. */
function holder(wanted: string): (text: string) => boolean {
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
