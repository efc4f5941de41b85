import { testOptions } from '@spillway/command-line/tests'
import { describe, expect, test } from 'vitest'
import { options, readArguments, usage } from '../src/arguments.ts'

describe('gateway', () => {
  testOptions({ options, help: usage, read: readArguments })

  test.each([
    [[], { do: 'run', file: undefined }],
    [['a.json'], { do: 'run', file: 'a.json' }],
    [['--test', 'a.json'], { do: 'test', file: 'a.json' }],
    [['--schema'], { do: 'schema' }],
  ])('%j', (args, command) => {
    expect(readArguments(args)).toEqual(command)
  })

  test.each([[['a.json', 'b.json']], [['--test', 'a.json', 'b.json']], [['--schema', 'a.json']]])(
    '%j asks for two things',
    (args) => {
      expect(() => readArguments(args)).toThrow('One thing at a time')
    },
  )
})
