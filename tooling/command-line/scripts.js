// The command lines of scripts: arguments in their order, few options or none, and no version.
import { optionLines } from './help.js'
import { Failure, UsageError, explain } from './program.js'
import { readNumber, readOptions } from './read.js'

export function askedOf(name, { usage, options = {}, most = Infinity }, read, args = process.argv.slice(2)) {
  try {
    const { values, positionals } = readOptions(args, options)
    if (values.help) {
      console.log(`${name} ${usage}\n\n${optionLines(options, undefined, [...Object.keys(options), 'help'])}`)
      return process.exit(0)
    }
    if (values.version) throw new UsageError('There is no --version of a script. See --help.')
    if (positionals.length > most) throw new UsageError(`There is nothing to do with ${positionals[most]}. See --help.`)
    return read(positionals, values)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(`${name}: ${explain(error)}`)
    return process.exit(2)
  }
}

export function countsOf(name, defaults, args) {
  const names = Object.keys(defaults)
  const usage = names.map((one) => `[${one}, default ${defaults[one]}]`).join(' ')
  const read = (positionals) => {
    const given = positionals.map((text, i) => [names[i], readNumber(names[i], text, { from: 1 })])
    return { ...defaults, ...Object.fromEntries(given) }
  }
  return askedOf(name, { usage, most: names.length }, read, args)
}
