import type { Peer } from '@spillway/core'
import { testServer } from '@spillway/core/testing'
import { logger } from '@spillway/middleware/logger'
import { router } from '@spillway/middleware/router'
import { type Trace, type TraceOptions, trace } from '@spillway/middleware/trace'
import { describe, expect, test, vi } from 'vitest'
import { parseTraceparent, readTracestate } from '../src/lib/trace/trace-context.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'
const parent = `00-${traceId}-${parentId}-01`

function traced(options: TraceOptions, fields: string[], peer: Partial<Peer> = {}): Trace {
  const app = router()
    .use(trace(options))
    .get('/', (c) => c.json(c.state.trace))
  const connection = testServer(app).connect(peer)
  connection.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields.map((line) => `${line}\r\n`).join('')}\r\n`)
  return JSON.parse(connection.received.split('\r\n\r\n')[1]!) as Trace
}

describe('trace', () => {
  test('continues the trace of the sender', () => {
    const found = traced({}, [`Traceparent: ${parent}`, 'tracestate: a=1 , b=2', 'Tracestate: c=3'])
    expect(found).toMatchObject({ traceId, parentId, sampled: true })
    expect(found.spanId).toMatch(/^[\da-f]{16}$/)
    expect(found.spanId).not.toBe(parentId)
    expect(found.fields).toEqual({ traceparent: `00-${traceId}-${found.spanId}-01`, tracestate: 'a=1,b=2,c=3' })
  })

  test('begins one otherwise, and then no state goes on', () => {
    for (const fields of [[], ['Traceparent: nonsense'], [`Traceparent: ${parent}`, `Traceparent: ${parent}`]]) {
      const found = traced({}, [...fields, 'Tracestate: a=1'])
      expect(found.traceId).toMatch(/^[\da-f]{32}$/)
      expect(found.traceId).not.toBe(traceId)
      expect(found).toMatchObject({ sampled: false, fields: { traceparent: `00-${found.traceId}-${found.spanId}-02` } })
      expect(found.fields).not.toHaveProperty('tracestate')
    }
    expect(traced({ sample: () => true }, []).fields['traceparent']).toMatch(/-03$/)
  })

  test('continues traces of trusted peers only, when there is a list', () => {
    const fields = [`Traceparent: ${parent}`]
    const options = { trusted: ['10.0.0.0/8', 'unix'] }
    expect(traced(options, fields, { address: '10.0.0.1' }).traceId).toBe(traceId)
    expect(traced(options, fields, { address: '' }).traceId).toBe(traceId)
    expect(traced(options, fields, { address: '203.0.113.9' }).traceId).not.toBe(traceId)
  })
})

test('the log names the trace', () => {
  const lines: string[] = []
  const app = router()
    .use(logger({ format: 'json', write: (line) => lines.push(line) }), trace())
    .get('/', (c) => c.text('x'))
  const connection = testServer(app).connect()
  connection.send(`GET / HTTP/1.1\r\nHost: a\r\nTraceparent: ${parent}\r\n\r\n`)
  return vi.waitFor(() => expect(JSON.parse(lines[0]!)).toMatchObject({ traceId }))
})

describe('traceparent', () => {
  test.each([
    [parent, true, false],
    [`00-${traceId}-${parentId}-00`, false, false],
    [`00-${traceId}-${parentId}-03`, true, true],
    [`00-${traceId}-${parentId}-fe`, false, true],
    [`cc-${traceId}-${parentId}-01`, true, false],
    [`cc-${traceId}-${parentId}-01-what-comes`, true, false],
  ])('%s is valid', (value, sampled, random) => {
    expect(parseTraceparent(value)).toEqual({ traceId, parentId, sampled, random })
  })

  test.each([
    '',
    `00-${traceId}-${parentId}`,
    `00-${traceId}-${parentId}-1`,
    `00-${traceId}-${parentId}-01-`,
    `00-${traceId}-${parentId}-01-more`,
    `cc-${traceId}-${parentId}-01.more`,
    `ff-${traceId}-${parentId}-01`,
    `0-${traceId}-${parentId}-01`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
    `00-${traceId.slice(1)}-${parentId}-01`,
    `00-${traceId}0-${parentId}-01`,
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    ` ${parent}`,
    `${parent}, ${parent}`,
  ])('%j is not', (value) => {
    expect(parseTraceparent(value)).toBeUndefined()
  })
})

/** So many members. */
const many = (count: number): string => Array.from({ length: count }, (_, i) => `k${i}=v`).join(',')

describe('tracestate', () => {
  test.each([
    ['a=1', 'a=1'],
    [' a=1\t, ,b= 2', 'a=1,b= 2'],
    ['t61rcwkgmze@congo=x,1tenant@system=y', 't61rcwkgmze@congo=x,1tenant@system=y'],
    [`${'k'.repeat(256)}=${'v'.repeat(256)}`, `${'k'.repeat(256)}=${'v'.repeat(256)}`],
    [many(32), many(32)],
  ])('%j goes on', (value, sent) => {
    expect(readTracestate(value)).toBe(sent)
  })

  test.each([
    'a',
    'a=',
    '=1',
    'A=1',
    'a=1,a=2',
    'a=b=c',
    'a=é',
    '1a=1',
    'a@=1',
    '@a=1',
    'a@1=1',
    `${'k'.repeat(257)}=v`,
    `k=${'v'.repeat(257)}`,
    many(33),
  ])('%j does not', (value) => {
    expect(readTracestate(value)).toBe('')
  })
})
