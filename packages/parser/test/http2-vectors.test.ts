import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as api from '../src/http2.ts'
import { type ConnectionVector, type HpackVector, replayConnection, replayHpack } from './http2-replay.ts'

function read<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../vectors/http2/${name}`, import.meta.url), 'utf8')) as T[]
}

const connections = read<ConnectionVector>('connections.json')
const blocks = read<HpackVector>('hpack.json')
const named = <T extends ConnectionVector | HpackVector>(vectors: T[]): (readonly [string, T])[] =>
  vectors.map((vector) => [`${vector.rfc} ${vector.id}: ${vector.what}`, vector])

describe('vectors/http2/connections.json', () => {
  test.each(named(connections))('%s', (_, vector) => {
    expect(replayConnection(api, vector)).toBeNull()
  })
})

describe('vectors/http2/hpack.json', () => {
  test.each(named(blocks))('%s', (_, vector) => {
    expect(replayHpack(api, vector)).toBeNull()
  })
})

test('every error of the protocol has a case, a section and a sentence', () => {
  const seen = connections.flatMap(({ events, fault = '' }) => [...events, fault]).join('\n')
  const words = new Set(seen.split(/\s/))
  const silent = new Set(Object.values(api.http2Faults).map(({ code }) => code))
  for (const { code, rfc, message } of Object.values(api.http2Faults)) {
    expect(`${rfc} ${message}`).toMatch(/^RFC \d{4} §\d[\d.]* [A-Z].*\.$/)
    if (words.has(code)) silent.delete(code)
  }
  // A test of its own.
  expect([...silent]).toEqual(['PREFACE_INVALID'])
})

test('identifiers are unique, and every case names a section', () => {
  const all = [...connections, ...blocks]
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
  expect(all.filter(({ rfc }) => !/^RFC \d{4} §[\dC]+(\.\d+)*$/.test(rfc))).toEqual([])
})

test('a preface that is none is an error at its first wrong byte', () => {
  for (let wrong = 0; wrong < api.PREFACE.length; wrong++) {
    const bytes = Uint8Array.from(api.PREFACE, (c, i) => c.charCodeAt(0) ^ (i === wrong ? 1 : 0))
    const machine = new api.Http2Machine('server')
    expect(machine.next(bytes, 0, wrong)).toBe(api.MachineEvent.More)
    expect(machine.next(bytes, wrong, wrong + 1)).toBe(api.MachineEvent.Fault)
    expect(machine.fault).toBe('PREFACE_INVALID')
  }
})
