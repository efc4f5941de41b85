// Checks the package in the current folder as its users will get it: packed, then publint and arethetypeswrong.
// Run by turbo, which puts pnpm and the workspace's tools on the PATH.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

function execute(command, ...args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { shell: process.platform === 'win32', stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
    child.on('close', (status) => {
      if (status !== 0) {
        console.error(`${command} failed:\n${output}`)
        process.exitCode = 1
      }
      resolve()
    })
  })
}

// `require` returns the ECMAScript module, which every supported version of Node.js can do (decision 046).
const requireGivesModules = ['cjs-resolves-to-esm', 'false-cjs']

// A package that is only a program has nothing to import.
const hasTypes = JSON.parse(readFileSync('package.json', 'utf8')).exports !== undefined

const folder = mkdtempSync(join(tmpdir(), 'spillway-pack-'))
try {
  await execute('pnpm', 'pack', '--pack-destination', folder)
  for (const name of readdirSync(folder)) {
    const tarball = join(folder, name)
    await Promise.all([
      execute('publint', tarball, '--strict'),
      hasTypes &&
        execute('attw', tarball, '--profile', 'node16', '--ignore-rules', ...requireGivesModules, '--format', 'ascii'),
    ])
  }
} finally {
  rmSync(folder, { recursive: true })
}
