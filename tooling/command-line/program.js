// Runs a program, and reports its errors.
import { readFileSync } from 'node:fs'
import { styleFor } from './help.js'

export class Failure extends Error {
  name = 'Failure'
}

export class UsageError extends Failure {
  name = 'UsageError'
}

export async function runProgram(name, main, failed = 1) {
  try {
    await main(process.argv.slice(2))
  } catch (error) {
    console.error(`${styleFor(process.stderr)('red', `${name}:`)} ${explain(error)}`)
    process.exitCode = error instanceof UsageError ? 2 : failed
  }
}

export function explain(error) {
  if (error instanceof Failure) return error.message
  if (!(error instanceof Error)) return String(error)
  const { code, message, stack, syscall, path, port, address, hostname } = error
  if (code === undefined) return stack
  if (code === 'EADDRINUSE') return `${port > 0 ? `Port ${port}` : address} is in use`
  if (code === 'EADDRNOTAVAIL') return `${address} is not an address of this machine`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `There is no address for ${hostname}`
  if (code === 'EACCES' && syscall === 'listen')
    return `There is no permission to listen on ${port > 0 ? `port ${port}: those below 1024 are for root` : address}`
  if (code === 'EISDIR') return `${path ?? 'What is named'} is a folder, and not a file`
  if (path === undefined) return message
  if (code === 'ENOENT') return `There is no ${path}`
  if (code === 'EACCES' || code === 'EPERM') return `There is no permission for ${path}`
  return message
}

export function ownVersion(manifest) {
  return JSON.parse(readFileSync(manifest, 'utf8')).version
}
