// What every command-line program here shares: reading its options, its help, and one line for what went wrong (decision 100).
export { Failure, UsageError, explain, ownVersion, runProgram } from './program.js'
export { chosenFrom, readNumber, readOptions, readValue } from './read.js'
export { optionLines, styleFor } from './help.js'
export { askedOf, countsOf } from './scripts.js'
