#!/usr/bin/env node
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { readArguments, readConfig } from './arguments.ts'
import { help } from './help.ts'
import { type Settings, UsageError, settingsOf } from './options.ts'
import { styleFor } from './style.ts'

const configFile = 'spillway.config.json'
const style = styleFor(process.stdout)

/** The command line over the configuration file over the defaults. */
function readSettings(args: readonly string[]): Settings | 'help' | 'version' {
  const { folder, given } = readArguments(args)
  if (given.help === true) return 'help'
  if (given.version === true) return 'version'
  const file = (given.config as string | undefined) ?? (existsSync(configFile) ? configFile : undefined)
  const config = file === undefined ? { folder: undefined, given: {} } : readConfig(file, read(file))
  // As hosts for programs say which one is meant, by the environment; whoever writes one down means that.
  const { PORT: place } = process.env
  if (place !== undefined && !/^\d*$/.test(place) && given.port === undefined && config.given.port === undefined)
    throw new UsageError(`PORT of the environment is a number from 0 to 65535, not ${JSON.stringify(place)}`)
  const all = { ...(place !== undefined && place !== '' && { port: place }), ...config.given, ...given }
  const settings = settingsOf(folder ?? config.folder ?? '.', all, availableParallelism())
  checkFolder(settings, given.listing === true)
  return settings
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`Cannot read ${file} (${(error as NodeJS.ErrnoException).code})`, { cause: error })
  }
}

/**
 * Listing a folder, and watching it, takes more than reading what is in it by name.
 * @param isAsked whether `--listing` stands on the command line.
 */
function checkFolder({ folder, listing, live }: Settings, isAsked: boolean): void {
  const { R_OK, X_OK } = constants
  let isDirectory
  try {
    isDirectory = statSync(folder).isDirectory()
    if (isDirectory) accessSync(folder, listing || live ? R_OK | X_OK : X_OK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // So it is said to `serve`.
    if (isAsked && /^\d+$/.test(folder)) throw new UsageError(`--listing takes no value; the port is --port ${folder}`)
    const what = code === 'EACCES' ? 'There is no permission to read' : 'There is no folder'
    throw new UsageError(`${what} ${folder === '' ? '""' : resolve(folder)}`, { cause: error })
  }
  if (isDirectory) return
  const isProgram = /\.[cm]?[jt]sx?$/.test(folder)
  throw new UsageError(
    `${resolve(folder)} is a file; ${isProgram ? `run it by: spillway dev ${folder}, or ` : ''}name the folder that it is in`,
  )
}

/** What the system says when it cannot listen, for people. */
function explain(
  error: NodeJS.ErrnoException & { readonly port?: number; readonly address?: string; readonly hostname?: string },
): string {
  const { code, port, address, hostname } = error
  if (code === 'EADDRINUSE')
    return `Port ${port} is in use. Without --port and PORT a free one is taken; --port ${(Number(port) % 65_535) + 1} may be one`
  if (code === 'EACCES' && port !== undefined)
    return `There is no permission to listen on port ${port}: those below 1024 are for root`
  if (code === 'EADDRNOTAVAIL') return `--host: ${address} is no address of this machine`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `--host: there is no address for ${hostname}`
  return error.message
}

function ownVersion(): string {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

// Whoever read it may have gone: `spillway | head -1` goes on serving.
process.stdout.on('error', () => {})

// decision 060
const [command, ...args] = process.argv.slice(2)
const print = (text: string): void => void process.stdout.write(`${text}\n`)

async function serveFolder(given: readonly string[]): Promise<void> {
  const settings = readSettings(given)
  if (settings === 'help') process.stdout.write(help(style))
  else if (settings === 'version') process.stdout.write(`${ownVersion()}\n`)
  else {
    // Whoever asks for help does not wait for a server to be loaded.
    const { run } = await import('./serve.ts')
    await run(settings, {
      style,
      color: style('red', 'x') !== 'x',
      interactive: process.stdout.isTTY,
      print: (text) => void process.stdout.write(text),
    })
  }
}

// Whoever serves a folder does not wait for what developers need. A folder of such a name is `./dev`.
try {
  if (command === 'dev') await (await import('./dev/command.ts')).dev(args, print)
  else if (command === 'routes') await (await import('./routes.ts')).routes(args, print)
  else await serveFolder(command === 'serve' ? args : process.argv.slice(2))
} catch (error) {
  const known =
    error instanceof UsageError ||
    (error as Error).name === 'NoApplication' ||
    (error as NodeJS.ErrnoException).code !== undefined
  console.error(
    `${styleFor(process.stderr)('red', 'spillway:')} ${known ? explain(error as Error) : (error as Error).stack}`,
  )
  process.exitCode = 1
}
// An application that was only asked for its routes may have opened a database, or listen.
if (command === 'routes') process.stdout.write('', () => process.exit())
