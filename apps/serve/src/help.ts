// What `--help` prints.
import { type Style, optionLines } from '@spillway/command-line'
import { type OptionName, options } from './options.ts'
import type { Command } from './command.ts'

const groups: readonly (readonly [title: string, names: readonly OptionName[]])[] = [
  ['Where', ['port', 'host', 'open', 'https', 'cert', 'key', 'cluster']],
  ['What', ['spa', 'listing', 'live', 'base', 'rewrite', 'proxy']],
  ['Who', ['cors', 'auth', 'header']],
  ['And', ['log', 'config', 'help', 'version']],
]

const examples: readonly (readonly [command: string, what: string])[] = [
  ['spillway', 'this folder'],
  ['spillway dist --spa', 'what a bundler has built'],
  ['spillway docs --live --listing', 'while writing'],
  ['spillway . --https --host 127.0.0.1', 'for what browsers only do over HTTPS'],
]

/** The text of `--help` behind a command. */
export function commandHelp({ usage, what, options: all }: Command, style: Style): string {
  return `
${style('bold', `spillway ${usage}`)} ${what}

${optionLines(all, style)}
`
}

/** The text of `--help`. */
export function help(style: Style): string {
  const sections = groups.map(([title, names]) => `${style('bold', title)}\n${optionLines(options, style, names)}`)
  const wide = Math.max(...examples.map(([command]) => command.length)) + 3
  const shown = examples.map(([command, what]) => `  ${command.padEnd(wide)}${style('dim', what)}`)
  return `
${style('bold', 'spillway')} serves a folder.

  spillway ${style('cyan', '[folder] [options]')}             the same as spillway serve
  spillway ${style('cyan', 'dev src/app.ts')}                 runs an application, again after each change
  spillway ${style('cyan', 'routes src/app.ts')}              prints the routes of an application

${shown.join('\n')}

${sections.join('\n\n')}

Files have types, entity tags and ranges, and .br, .zst and .gz files beside them are used.
Names that begin with a dot and whatever is outside the folder are not served.
Ctrl-C finishes what is under way; a second one does not.
`
}
