#!/usr/bin/env node
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { Failure, UsageError, explain, ownVersion, readNumber, runProgram, styleFor } from '@spillway/command-line'
import { nearest } from '@spillway/core/options'
import { commands, readArguments, readConfig } from './arguments.ts'
import { manifest } from './command.ts'
import { help } from './help.ts'
import { type Settings, options, settingsOf } from './options.ts'

const configFile = 'spillway.config.json'
const style = styleFor(process.stdout)

/** The command line has precedence over the configuration file, and that over PORT and the defaults. */
function readSettings(args: readonly string[]): Settings | 'help' | 'version' {
  const { folder, given } = readArguments(args)
  if (given.help === true) return 'help'
  if (given.version === true) return 'version'
  const file = (given.config as string | undefined) ?? (existsSync(configFile) ? configFile : undefined)
  const config = file === undefined ? { folder: undefined, given: {} } : readConfig(file, read(file))
  const { PORT: place } = process.env
  const all = { ...config.given, ...given }
  if (place && all.port === undefined) all.port = readNumber('PORT', place, options.port)
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
 * Checks that the folder can be read. Listing or watching it takes more permission than reading files by name.
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
    // The program `serve` has --listen for the port, and -l as its short form.
    if (isAsked && /^\d+$/.test(folder)) throw new UsageError(`--listing takes no value; the port is --port ${folder}`)
    const what = code === 'EACCES' ? 'There is no permission to read' : 'There is no folder'
    const meant = code === 'ENOENT' ? nearest(folder, commands) : undefined
    throw new UsageError(
      `${what} ${folder === '' ? '""' : resolve(folder)}${meant ? `. Did you mean spillway ${meant}?` : ''}`,
      { cause: error },
    )
  }
  if (isDirectory) return
  const isProgram = /\.[cm]?[jt]sx?$/.test(folder)
  throw new UsageError(
    `${resolve(folder)} is a file; ${isProgram ? `run it by: spillway dev ${folder}, or ` : ''}name the folder that it is in`,
  )
}

/** The error with advice on what to do about it. */
function advised(error: unknown): unknown {
  const { code, name, message, port } = error as NodeJS.ErrnoException & { readonly port?: number }
  if (name === 'NoApplication') return new Failure(message)
  if (code === 'EADDRINUSE')
    return new Failure(
      `${explain(error)}. Without --port and PORT a free one is taken; --port ${(Number(port) % 65_535) + 1} may be free`,
    )
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return new Failure(`--host: ${explain(error)}`)
  return error
}

// The reader of the output may close it early: `spillway | head -1` goes on serving.
process.stdout.on('error', () => {})

const print = (text: string): void => void process.stdout.write(`${text}\n`)

async function serveFolder(args: readonly string[]): Promise<void> {
  const settings = readSettings(args)
  if (settings === 'help') process.stdout.write(help(style))
  else if (settings === 'version') print(ownVersion(manifest))
  else {
    // The server is loaded only when it is needed, so that --help is quick.
    const { run } = await import('./serve.ts')
    await run(settings, {
      style,
      color: style('red', 'x') !== 'x',
      interactive: process.stdout.isTTY,
      print: (text) => void process.stdout.write(text),
    })
  }
}

// decision 060
await runProgram('spillway', async ([command, ...args]) => {
  try {
    // Each command is loaded only when it is used. A folder with the name of a command is `./dev`.
    if (command === 'dev') await (await import('./dev/command.ts')).dev(args, print)
    else if (command === 'routes') await (await import('./routes.ts')).routes(args, print)
    else await serveFolder(command === 'serve' || command === undefined ? args : [command, ...args])
  } catch (error) {
    throw advised(error)
  }
})
// The application whose routes were printed may have opened a database or a port, which would keep the process alive.
if (process.argv[2] === 'routes') process.stdout.write('', () => process.exit())
