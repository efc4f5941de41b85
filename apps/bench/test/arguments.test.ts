import { testOptions } from '@spillway/command-line/tests'
import { describe, expect, it } from 'vitest'
import { type Arguments, options, readArguments, usage } from '../src/arguments.ts'

function asked(...args: string[]): Arguments {
  const read = readArguments(args)
  if (typeof read === 'string') throw new Error(read)
  return read
}

describe('every option', () => {
  testOptions({ options, help: usage, read: readArguments })
})

describe('command line', () => {
  it('runs everything unless told otherwise', () => {
    const args = asked()
    expect(args.servers).toContain('spillway')
    expect(args.servers).toContain('nginx')
    expect(args.workloads).toContain('pipelined')
    expect(args).toMatchObject({ rounds: 5, seconds: 3, base: 'node-http', json: undefined, profile: false })
  })

  it('takes lists in the order given, each name once', () => {
    const { servers, workloads } = asked('--servers', 'spillway,raw-net,spillway', '--workloads=json')
    expect(servers).toEqual(['spillway', 'raw-net'])
    expect(workloads).toEqual(['json'])
  })

  it('does not mind the -- that a package manager passes on', () => {
    expect(asked('--', '--rounds', '2').rounds).toBe(2)
  })

  it.each([
    [['--servers', 'apache'], /There is no server apache\. There are raw-net/],
    [['--workloads', ','], /needs a name/],
    [['--servers', 'sqillway'], /There is no server sqillway\. Did you mean spillway\?/],
    [['--workloads', 'plaintxt'], /There is no workload plaintxt\. Did you mean plaintext\?/],
    [['--base', 'nobody'], /There is no server nobody/],
    [['plaintext'], /plaintext is not an option/],
    [['--rounds', '0'], /--rounds takes a whole number/],
    [['--seconds', '0.5'], /--seconds takes a whole number/],
    [['--fast'], /There is no --fast/],
  ])('refuses %j', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
  })
})
