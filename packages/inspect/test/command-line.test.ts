import { testOptions } from '@spillway/command-line/tests'
import { describe, expect, test } from 'vitest'
import { options, readArguments, usage } from '../src/arguments.ts'

describe('spillway-inspect', () => {
  testOptions({ options, help: usage, read: readArguments, needs: ['proxy', 'http://localhost:8000'] })

  test.each([
    [[], 'Say what to inspect'],
    [['prxy', 'http://a'], 'There is no command prxy. Did you mean proxy?'],
    [['proxy'], 'proxy takes the URL of one server'],
    [['proxy', 'http://a', 'http://b'], 'proxy takes the URL of one server'],
    [['proxy', 'localhost:8000'], 'proxy takes a URL such as http://localhost:8000, not "localhost:8000"'],
    [['proxy', 'a b'], 'not "a b"'],
  ])('%j is refused', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
  })
})
