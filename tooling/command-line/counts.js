// The numbers that a script takes as arguments, such as the number of rounds.
import { Failure, UsageError, explain } from './program.js'
import { readNumber, readOptions } from './read.js'

export function countsOf(name, defaults, args = process.argv.slice(2)) {
  const names = Object.keys(defaults)
  try {
    const { values, positionals } = readOptions(args, {})
    if (values.help) {
      console.log([name, ...names.map((one) => `[${one}, default ${defaults[one]}]`)].join(' '))
      return process.exit(0)
    }
    if (positionals.length > names.length)
      throw new UsageError(`There is nothing to do with ${positionals[names.length]}. See --help.`)
    const given = positionals.map((text, i) => [names[i], readNumber(names[i], text, { from: 1 })])
    return { ...defaults, ...Object.fromEntries(given) }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(`${name}: ${explain(error)}`)
    return process.exit(2)
  }
}
