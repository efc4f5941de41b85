import { describe, expect, it } from 'vitest'
import { readArguments } from '../src/arguments.ts'

describe('command line', () => {
  it('runs everything unless told otherwise', () => {
    const args = readArguments([])
    expect(args.servers).toContain('spillway')
    expect(args.servers).toContain('nginx')
    expect(args.workloads).toContain('pipelined')
    expect(args).toMatchObject({ rounds: 5, seconds: 3, base: 'node-http', json: undefined, profile: false })
  })

  it('takes lists in the order given, each name once', () => {
    const { servers, workloads } = readArguments(['--servers', 'spillway,raw-net,spillway', '--workloads=json'])
    expect(servers).toEqual(['spillway', 'raw-net'])
    expect(workloads).toEqual(['json'])
  })

  it('does not mind the -- that a package manager passes on', () => {
    expect(readArguments(['--', '--rounds', '2']).rounds).toBe(2)
  })

  it.each([
    [['--servers', 'apache'], /no apache among raw-net/],
    [['--workloads', ','], /needs a name/],
    [['--base', 'nobody'], /no nobody/],
    [['--rounds', '0'], /--rounds takes a whole number/],
    [['--seconds', '0.5'], /--seconds takes a whole number/],
    [['--fast'], /Unknown option/],
  ])('refuses %j', (args, message) => {
    expect(() => readArguments(args)).toThrow(message)
  })
})
