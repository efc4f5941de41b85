import { describe, expect, it } from 'vitest'
import { markdown, replaceTables } from '../src/markdown.ts'
import { type Record, page } from '../src/page.ts'
import { summarize } from '../src/results.ts'

function result(workload: string, server: string, cpuPerRequest: number): Record['results'][number] {
  const round = {
    requestsPerSecond: 1000,
    cpuPerRequest,
    machinePerRequest: 99,
    p50: 1,
    p99: 2,
    p999: 3,
    resident: 2 ** 20,
    errors: 0,
  }
  return {
    ...summarize(workload, server, [round]),
    ratios: { requestsPerSecond: 1, cpuPerRequest: 2, machinePerRequest: 3 },
  }
}

const record: Record = {
  date: '2026-01-31T00:00:00.000Z',
  machine: { processor: 'A <B>', cores: 2, node: '20.20.2' },
  versions: { 'node-http': '20.20.2', spillway: '1.0.0' },
  options: { rounds: 3, seconds: 2, base: 'node-http', load: 'wrk', pinned: true },
  results: [
    result('plaintext', 'node-http', 40),
    result('plaintext', 'spillway', 20),
    result('static-1m', 'spillway', 321.5),
  ],
}

describe('the page', () => {
  const html = page(record)

  it('has a chart for each workload, the least first, scaled to the most', () => {
    expect(html.match(/<section>/g)).toHaveLength(2)
    expect(html.indexOf('<td>spillway')).toBeLessThan(html.indexOf('<td>node-http'))
    expect(html).toContain('<tr class="ours"><td>spillway<td class="bar"><div style="width:50.0%">')
  })

  it('tells what the machine spends, and how far rounds lie apart', () => {
    expect(html).toContain('<td>20.0<td>2.00<td>0 %<td>99.0\n')
  })

  it('escapes what the machine calls itself, and loads nothing', () => {
    expect(html).toContain('A &lt;B>')
    expect(html).not.toMatch(/<script|src=|https?:/)
  })
})

function marks(name: string, text: string): string {
  return `<!-- benchmarks of ${name}: written by a script, see apps/bench -->${text}<!-- /benchmarks of ${name} -->\n`
}

describe('the tables for READMEs', () => {
  it('have a row for each workload and say where they come from', () => {
    const text = markdown(record).get('HTTP/1.1')
    expect(text).toContain('| HTTP/1.1: CPU µs per request | spillway | node-http |')
    expect(text).toContain('| hello, keep-alive | **20.0** | 40.0 |')
    expect(text).toContain('| file of 1 MiB | **322** | – |')
    expect(text).toContain('spillway 1.0.0, node-http 20.20.2.')
  })

  it('are one for each protocol that was measured, with those who took part', () => {
    const results = [result('h2', 'spillway', 1), result('websocket', 'ws', 2), result('plaintext', 'hono', 3)]
    const tables = markdown({ ...record, results })
    expect([...tables.keys()]).toEqual(['HTTP/1.1', 'HTTP/2', 'WebSocket'])
    expect(tables.get('HTTP/2')).toContain('| HTTP/2: CPU µs per request | spillway |\n')
    expect(tables.get('WebSocket')).toContain('| WebSocket: CPU µs per message | spillway | ws |\n')
    expect([...markdown(record).keys()]).toEqual(['HTTP/1.1'])
  })

  it('stand between their marks, and only there', () => {
    const document = `a\n${marks('HTTP/1.1', '\nold\n')}b\n${marks('HTTP/2', 'other')}`
    const once = replaceTables(document, new Map([['HTTP/1.1', 'new']]))
    expect(once).toBe(`a\n${marks('HTTP/1.1', '\n\nnew\n\n')}b\n${marks('HTTP/2', 'other')}`)
    expect(replaceTables(once, new Map([['HTTP/1.1', 'new']]))).toBe(once)
    expect(() => replaceTables('nothing', new Map([['HTTP/2', 'new']]))).toThrow('there is no place')
  })
})
