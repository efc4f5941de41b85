import { testOptions } from '@spillway/command-line/tests'
import { describe, expect, test } from 'vitest'
import { help, options, readArguments } from '../src/arguments.ts'
import { templates } from '../src/create.ts'

describe('create-spillway', () => {
  testOptions({ options, help, read: readArguments })

  test('takes a folder, and what to do in it', () => {
    expect(readArguments(['a', '-y', '--template', 'api', '--no-git'])).toEqual({
      folder: 'a',
      template: 'api',
      yes: true,
      install: true,
      git: false,
    })
    expect(() => readArguments(['a', 'b'])).toThrow('One folder is created at a time: a or b?')
    expect(() => readArguments(['-t', 'mininal'])).toThrow('Did you mean minimal?')
  })

  test('knows every template', () => {
    expect(options.template.choices).toEqual(Object.keys(templates))
  })
})
