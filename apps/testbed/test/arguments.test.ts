import { defaultLimits, defaultTimeouts } from '@spillway/core'
import { UsageError } from '@spillway/command-line'
import { testOptions } from '@spillway/command-line/tests'
import { describe, expect, it } from 'vitest'
import { options, readArguments as read, type Arguments, usage } from '../src/arguments.ts'

function readArguments(args: readonly string[], env: NodeJS.ProcessEnv): Arguments {
  const found = read(args, env)
  if (typeof found === 'string') throw new Error(found)
  return found
}

describe('every option', () => {
  testOptions({ options, help: usage, read: (args) => read(args, {}) })
})

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

describe('readArguments', () => {
  it('has defaults, which are those of core', () => {
    expect(readArguments([], {})).toEqual({
      port: 3000,
      host: '127.0.0.1',
      contract: undefined,
      directory: undefined,
      dataset: undefined,
      drain: 10_000,
      server: { limits: {}, timeouts: {} },
    })
  })

  it('has a flag for every number of core', () => {
    const limits = Object.keys(defaultLimits)
    const timeouts = Object.keys(defaultTimeouts)
    const { server } = readArguments(
      [...limits.map((name) => `--max-${kebab(name)}=7`), ...timeouts.map((name) => `--${kebab(name)}-timeout=8`)],
      {},
    )
    expect(server.limits).toEqual(Object.fromEntries(limits.map((name) => [name, 7])))
    expect(server.timeouts).toEqual(Object.fromEntries(timeouts.map((name) => [name, 8])))
  })

  it('takes PORT, HOST and MAX_CONNECTIONS from the environment, unless there are flags', () => {
    const env = { PORT: '81', HOST: '127.0.0.2', MAX_CONNECTIONS: '9' }
    expect(readArguments([], env)).toMatchObject({
      port: 81,
      host: '127.0.0.2',
      server: { limits: { connections: 9 } },
    })
    const flags = ['--port', '82', '--host=::1', '--max-connections', '3']
    expect(readArguments(flags, env)).toMatchObject({ port: 82, host: '::1', server: { limits: { connections: 3 } } })
  })

  it.each([{ PORT: 'http' }, { PORT: '65536' }, { MAX_CONNECTIONS: '-1' }])('%j is an error', (env) => {
    expect(() => readArguments([], env)).toThrow(UsageError)
  })

  it.each([['--port=x'], ['--max-connections=-1'], ['--contract=none'], ['--no-such-flag=1'], ['--head-timeout=1.5']])(
    '%s is an error',
    (flag) => {
      expect(() => readArguments([flag], {})).toThrow(UsageError)
    },
  )
})
