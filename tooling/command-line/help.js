// What `--help` shows.
import { styleText } from 'node:util'

export function styleFor(stream, env = process.env) {
  const coloured = stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb'
  return coloured ? (format, text) => styleText(format, text, { validateStream: false }) : (_, text) => text
}

/** The longest line of help, in columns. */
const columns = 100
/** The rightmost column at which explanations may begin. */
const widest = 28

/** Adds the options that every program has. */
export function withHelp(options) {
  return {
    ...options,
    help: { type: 'boolean', short: 'h', help: 'show this text' },
    version: { type: 'boolean', short: 'v', help: 'show the version' },
  }
}

export function optionLines(own, style = (_, text) => text, names = Object.keys(withHelp(own))) {
  const options = withHelp(own)
  const lefts = Object.entries(options).map(([name, option]) => left(name, option).length)
  const width = Math.min(widest, Math.max(...lefts)) + 3
  return names
    .map((name) => {
      const option = options[name]
      const lead = left(name, option)
      const [first, ...more] = wrapped(explanation(option), columns - width - 2)
      const indent = `\n${' '.repeat(width + 2)}`
      const start =
        lead.length + 2 < width ? `  ${style('cyan', lead.padEnd(width))}` : `  ${style('cyan', lead)}${indent}`
      return [start + first, ...more].join(indent)
    })
    .join('\n')
}

/** `-p, --port number` */
function left(name, { short, value }) {
  return `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`
}

function explanation(option) {
  return option.default === undefined ? option.help : `${option.help} (default: ${option.default})`
}

/** Wraps words into lines of at most `length` columns. */
function wrapped(text, length) {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== '' && last.length + 1 + word.length > length) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines
}
