import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Reply } from '../../src/index.ts'
import { injector } from '../../src/testing.ts'
import {
  type Rule,
  amount,
  anything,
  callback,
  choice,
  either,
  flag,
  list,
  nearest,
  optional,
  readOptions,
  record,
  required,
  section,
  text,
  thing,
  whole,
} from '../../src/options.ts'
import { errorRules } from '../../src/exchange/errors.ts'
import { injectRules } from '../../src/testing/inject.ts'
import { clusterRules } from '../../src/cluster/rules.ts'
import { foreignRules } from '../../src/fetch/foreign.ts'
import { signalRules } from '../../src/serve/signals.ts'
import { closeRules, listenRules, reloadRules, serverRules } from '../../src/server/rules.ts'

/** The code of core and of the parser, without the places where limits and deadlines are declared, and without comments. */
const sources = ['../../src/', '../../../parser/src/'].flatMap((folder) => {
  const url = new URL(folder, import.meta.url)
  return readdirSync(url, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(?:server[/\\]options|limits)\.ts$/.test(name))
    .map((name) => readFileSync(new URL(name, url), 'utf8').replaceAll(/\/\*.*?\*\/|\/\/[^\n]*/gs, ''))
})

const rules = {
  bytes: whole(10, { from: 1, to: 20 }),
  share: amount(0.5, { to: 1 }),
  endless: amount(7),
  on: flag(true),
  name: text('x', /^\w+$/),
  kind: choice(['a', 'b'], 'a'),
  call: callback<() => void>(),
  names: list(text(), ['n']),
  env: record(text()),
  inner: section({ depth: whole(3) }),
  maybe: optional(whole()),
  both: either(flag(), choice(['auto'], 'auto')),
  object: thing<object>(),
  any: anything(),
}
const defaults = {
  bytes: 10,
  share: 0.5,
  endless: 7,
  on: true,
  name: 'x',
  kind: 'a',
  names: ['n'],
  env: {},
  inner: { depth: 3 },
  both: false,
}

describe('reading options', () => {
  it('gives defaults for what is absent or undefined', () => {
    expect(readOptions(rules, undefined)).toEqual(defaults)
    expect(readOptions(rules, {})).toEqual(defaults)
    expect(readOptions(rules, Object.fromEntries(Object.keys(rules).map((name) => [name, undefined])))).toEqual(
      defaults,
    )
    expect(readOptions(rules, { inner: { depth: undefined }, env: { A: undefined } })).toEqual(defaults)
  })

  it.each([
    ['bytes', [1, 2, 20], [0, 21, -1, 1.5, Number.NaN, Infinity], ['2', null, true, 2n]],
    ['share', [0, 0.3, 1], [-0.1, 1.1, Number.NaN], ['1', null]],
    ['endless', [0, 1.5, Infinity], [-1, Number.NaN, -Infinity], ['1', {}]],
    ['on', [true, false], [], [1, 'true', null]],
    ['name', ['y'], [], ['', 'a b', 1, null]],
    ['kind', ['a', 'b'], [], ['c', 1, null]],
    ['call', [() => {}], [], ['f', {}, null]],
    ['names', [[], ['a', 'b']], [], ['a', [1], {}, null]],
    ['env', [{}, { A: 'b' }], [], [{ A: 1 }, [], 'a', null]],
    ['inner', [{ depth: 0 }], [{ depth: -1 }, { depth: Number.NaN }], [{ depth: '1' }, { deep: 1 }, [], 1, null]],
    ['maybe', [0], [-1, Number.NaN], ['1', null]],
    ['both', [true, 'auto'], [], ['no', 1, null]],
    ['object', [{}, []], [], [1, 'a', null]],
    ['any', [1, 'a', null, {}], [], []],
  ] as const)('%s: what it may be, what is out of range, what is of another kind', (name, good, range, kinds) => {
    for (const value of good) expect(readOptions(rules, { [name]: value })).toEqual({ ...defaults, [name]: value })
    for (const value of range) {
      expect(() => readOptions(rules, { [name]: value })).toThrow(RangeError)
      expect(() => readOptions(rules, { [name]: value })).toThrow(name)
    }
    for (const value of kinds) {
      expect(() => readOptions(rules, { [name]: value })).toThrow(TypeError)
      expect(() => readOptions(rules, { [name]: value })).toThrow(name)
    }
  })

  it('knows every name, and the nearest for one that it does not', () => {
    expect(() => readOptions(rules, { byte: 1 })).toThrow('There is no option `byte`: did you mean `bytes`?')
    expect(() => readOptions(rules, { Bytes: 1 })).toThrow('did you mean `bytes`?')
    expect(() => readOptions(rules, { inner: { deptj: 1 } })).toThrow(
      'no option `inner.deptj`: did you mean `inner.depth`?',
    )
    expect(() => readOptions(rules, { zzzzzzzz: 1 })).toThrow('there are bytes, share')
    expect(() => readOptions(rules, { ['x'.repeat(1e6)]: 1 })).toThrow('there are bytes')
    expect(() => readOptions(rules, { byte: undefined })).toThrow(TypeError)
    for (const given of [null, 1, 'a', [], true])
      expect(() => readOptions(rules, given)).toThrow('Options are an object')
  })

  it('knows a layer that is used without being called', async () => {
    const errors: unknown[] = []
    const ask = injector((options) => (readOptions(rules, options), new Reply()), {
      onError: (error) => (errors.push(error), new Reply(null, 500)),
    })
    expect((await ask(new Request('http://localhost/'))).status).toBe(500)
    expect(String(errors[0])).toContain('is a layer used without being called?')
  })

  it.each([
    ['prot', 'port'],
    ['pot', 'port'],
    ['PORT', 'port'],
    ['conc', 'concurrency'],
    ['co', undefined],
    ['hots', 'host'],
    ['', undefined],
    ['constructor', undefined],
  ])('%s is nearest to %s', (wrong, right) => {
    expect(nearest(wrong, ['port', 'host', 'concurrency'])).toBe(right)
  })

  it('what is required is missed', () => {
    expect(() => readOptions({ key: required(text()) }, {})).toThrow('The option `key` is required')
    expect(readOptions({ key: required(text()) }, { key: 'k' })).toEqual({ key: 'k' })
  })
})

// Every option there is, from the tables themselves: a new one cannot be left out.
describe.each([
  ['a server', serverRules],
  ['listening', listenRules],
  ['reloading certificates', reloadRules],
  ['closing', closeRules],
  ['a cluster', clusterRules],
  ['closing on signals', signalRules],
  ['another server', foreignRules],
  ['an HttpError', errorRules],
  ['a request of inject', injectRules],
] as const)('every option of %s', (_, all) => {
  it.each(Object.entries(all) as [string, Rule<unknown>][])('%s', (name) => {
    const usual = readOptions(all, undefined)
    expect(readOptions(all, { [name]: undefined })).toEqual(usual)
    // No option takes a symbol, whatever its kind, nor NaN; but what is only passed on may be anything.
    const isPassedOn = name === 'cause' || name === 'json'
    for (const value of isPassedOn ? [] : [Symbol('wrong'), Number.NaN])
      expect(() => readOptions(all, { [name]: value })).toThrow(`\`${name}\``)
    expect(() => readOptions(all, { [`${name}x`]: 1 })).toThrow(`did you mean \`${name}\`?`)
  })
})

describe('every limit and timeout', () => {
  const { limits, timeouts } = readOptions(serverRules, undefined)
  it.each([
    ...Object.keys(limits).map((name) => ['limits', name]),
    ...Object.keys(timeouts).map((name) => ['timeouts', name]),
  ])('%s.%s', (group, name) => {
    const read = (value: unknown): unknown => readOptions(serverRules, { [group]: { [name]: value } })
    expect(read(undefined)).toEqual(readOptions(serverRules, {}))
    for (const value of [Number.NaN, -1]) expect(() => read(value)).toThrow(RangeError)
    for (const value of ['1', null, true, {}]) expect(() => read(value)).toThrow(TypeError)
    expect(() => readOptions(serverRules, { [group]: { [`${name}s`]: 1 } })).toThrow(TypeError)
  })

  // One that is read, and then forgotten, would limit nothing.
  it.each([...Object.keys(limits), ...Object.keys(timeouts)])('%s is looked at', (name) => {
    const word = new RegExp(`\\b${name}\\b`)
    expect(sources.some((code) => word.test(code))).toBe(true)
  })
})
