// The command line.
import { UsageError, optionLines, readOptions } from '@spillway/command-line'

/** The one table for the command line and the help. */
export const options = {
  template: {
    type: 'string',
    short: 't',
    choices: ['minimal', 'api', 'realtime', 'static'],
    value: 'name',
    help: 'minimal, api, realtime or static',
  },
  yes: { type: 'boolean', short: 'y', help: 'ask nothing: the default is `minimal`, in `spillway-app`' },
  'no-install': { type: 'boolean', help: 'do not run npm install' },
  'no-git': { type: 'boolean', help: 'do not run git init' },
} as const

export const help: string = `npm create spillway@latest [folder] [-- options]

${optionLines(options)}
`

/** What the command line says. */
export interface Given {
  readonly folder: string | undefined
  readonly template: string | undefined
  readonly yes: boolean
  readonly install: boolean
  readonly git: boolean
}

/** @throws UsageError for what cannot be understood. */
export function readArguments(args: readonly string[]): Given | 'help' | 'version' {
  const { values, positionals } = readOptions(args, options)
  if (values.help === true) return 'help'
  if (values.version === true) return 'version'
  const [folder, second] = positionals
  if (second !== undefined) throw new UsageError(`One folder is created at a time: ${folder} or ${second}?`)
  return {
    folder,
    template: values.template,
    yes: values.yes === true,
    install: values['no-install'] !== true,
    git: values['no-git'] !== true,
  }
}
