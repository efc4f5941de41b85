import { testOptions } from '@spillway/command-line/tests'
import { describe } from 'vitest'
import { options, readArguments, usage } from '../src/arguments.ts'

describe('spillway-replay', () => {
  testOptions({ options, help: usage, read: readArguments, needs: ['list', 'a.har'] })
})
