import { run, setup } from './setup.mjs'

setup()
process.exitCode = run('turbo', ...process.argv.slice(2))
