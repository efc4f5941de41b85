import { run, setup, turbo } from './setup.mjs'

setup()
process.exitCode = run(turbo(...process.argv.slice(2)))
