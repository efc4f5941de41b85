import { describe, expect, it } from 'vitest'
import { markdown, replaceTable } from '../src/markdown.ts'
import { type Record, page } from '../src/page.ts'
import { summarize } from '../src/results.ts'

function result(workload: string, server: string, cpuPerRequest: number): Record['results'][number] {
  const round = { requestsPerSecond: 1000, cpuPerRequest, p50: 1, p99: 2, p999: 3, resident: 2 ** 20, errors: 0 }
  return { ...summarize(workload, server, [round]), ratios: { requestsPerSecond: 1, cpuPerRequest: 2 } }
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

  it('escapes what the machine calls itself, and loads nothing', () => {
    expect(html).toContain('A &lt;B>')
    expect(html).not.toMatch(/<script|src=|https?:/)
  })
})

describe('the table for READMEs', () => {
  it('has a row for each workload and says where it comes from', () => {
    const text = markdown(record)
    expect(text).toContain('| hello, keep-alive | **20.0** | 40.0 |')
    expect(text).toContain('| file of 1 MiB | **322** | – |')
    expect(text).toContain('spillway 1.0.0, node-http 20.20.2.')
  })

  it('stands between its marks, and only there', () => {
    const document = 'a\n<!-- benchmarks: written by a script, see apps/bench -->\nold\n<!-- /benchmarks -->\nb\n'
    const once = replaceTable(document, 'new')
    expect(once).toMatch(/^a\n<!-- benchmarks.*-->\n\nnew\n\n<!-- \/benchmarks -->\nb\n$/)
    expect(replaceTable(once, 'new')).toBe(once)
    expect(() => replaceTable('nothing', 'new')).toThrow('there is no place')
  })
})
