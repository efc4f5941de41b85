import { fileURLToPath } from 'node:url'
import { testOptions } from '@spillway/command-line/tests'
import { describe } from 'vitest'
import { readArguments } from '../src/arguments.ts'
import { readCommand } from '../src/command.ts'
import { command as dev } from '../src/dev/command.ts'
import { help } from '../src/help.ts'
import { options, settingsOf } from '../src/options.ts'
import { command as routes } from '../src/routes.ts'

describe('spillway', () => {
  testOptions({
    options,
    help: help((_, text) => text),
    read(args) {
      const { folder, given } = readArguments(args)
      return given.help === true || given.version === true ? given : settingsOf(folder ?? '.', given, 4)
    },
  })
})

describe.each(Object.entries({ dev, routes }))('spillway %s', (_, command) => {
  const printed = (args: readonly string[]): string => {
    let text = ''
    readCommand(command, args, (more) => void (text += more))
    return text
  }
  testOptions({
    options: command.options,
    help: printed(['--help']),
    read: printed,
    needs: [fileURLToPath(import.meta.url)],
  })
})
