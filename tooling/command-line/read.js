// Reads command-line options as a table describes them.
import { parseArgs } from 'node:util'
import { nearest } from '@spillway/core/options'
import { withHelp } from './help.js'
import { UsageError } from './program.js'

export function readOptions(args, own, elsewhere = new Map()) {
  const options = withHelp(own)
  const config = { args: withNegativeNumbers(args, options), options: forNode(options), allowPositionals: true }
  for (const { kind, name, rawName } of parseArgs({ ...config, strict: false, tokens: true }).tokens)
    if (kind === 'option' && !Object.hasOwn(options, name)) throw unknownOption(name, rawName, options, elsewhere)
  let parsed
  try {
    parsed = parseArgs(config)
  } catch (error) {
    throw new UsageError(explained(error, options), { cause: error })
  }
  const given = Object.entries(parsed.values).map(([name, value]) => {
    const read = (text) => (typeof text === 'string' ? readValue(`--${name}`, options[name], text) : text)
    return [name, Array.isArray(value) ? value.map(read) : read(value)]
  })
  const defaults = Object.entries(options).flatMap(([name, option]) =>
    option.default === undefined ? [] : [[name, option.default]],
  )
  return { values: Object.fromEntries([...defaults, ...given]), positionals: parsed.positionals }
}

/** Node's parser knows only strings and booleans. */
function forNode(options) {
  return Object.fromEntries(
    Object.entries(options).map(([name, { type, short, multiple }]) => [
      name,
      { type: type === 'boolean' ? type : 'string', ...(short && { short }), ...(multiple && { multiple }) },
    ]),
  )
}

/** Treats `--port -1` as a number out of range, not as a port without a value followed by an option called 1. */
function withNegativeNumbers(args, options) {
  const joined = []
  const takesNumber = (arg) =>
    Object.entries(options).some(
      ([name, { type, short }]) => type === 'number' && (arg === `--${name}` || (short && arg === `-${short}`)),
    )
  for (const arg of args) {
    const before = joined.at(-1)
    if (/^-\d/.test(arg) && takesNumber(before))
      joined[joined.length - 1] = `${before}${before.startsWith('--') ? '=' : ''}${arg}`
    else joined.push(arg)
  }
  return joined
}

function unknownOption(name, rawName, options, elsewhere) {
  const other = elsewhere.get(name)
  if (other !== undefined) return new UsageError(`There is no ${rawName}. ${other}`)
  const near = name.length > 1 ? nearest(name, Object.keys(options)) : undefined
  return new UsageError(`There is no ${rawName}. ${near === undefined ? 'See --help.' : `Did you mean --${near}?`}`)
}

/** The error of Node's parser, in our own words. */
function explained({ message }, options) {
  const [, name = ''] = /'(?:-\w, )?--([\w-]+)/.exec(message) ?? []
  if (!Object.hasOwn(options, name)) return message
  const { type, value = type } = options[name]
  return type === 'boolean' ? `--${name} takes no value` : `--${name} needs a value: --${name} ${value}`
}

export function readValue(where, option, text) {
  if (option.type === 'number') return readNumber(where, text, option)
  const { choices } = option
  if (choices === undefined || choices.includes(text)) return text
  const near = nearest(text, choices)
  throw new UsageError(
    `${where} takes ${choices.join(', ')}, not ${JSON.stringify(text)}${near === undefined ? '' : `. Did you mean ${near}?`}`,
  )
}

export function readNumber(where, text, { from = 0, to = Number.MAX_SAFE_INTEGER, decimals = false } = {}) {
  const number = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : NaN
  if (number >= from && number <= to && (decimals || Number.isInteger(number))) return number
  const range = to === Number.MAX_SAFE_INTEGER ? `from ${from} on` : `from ${from} to ${to}`
  throw new UsageError(`${where} takes a ${decimals ? '' : 'whole '}number ${range}, not ${JSON.stringify(text)}`)
}

export function chosenFrom(what, text, names) {
  if (names.includes(text)) return text
  const near = nearest(text, names)
  const advice = near === undefined ? `There are ${names.join(', ')}` : `Did you mean ${near}?`
  throw new UsageError(`There is no ${what} ${text}. ${advice}`)
}
