import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { absence, whyEmpty } from '../src/absences.ts'
import { documents, markdown, replaceTable } from '../src/markdown.ts'
import { type Record, page } from '../src/page.ts'
import { plans } from '../src/plans.ts'
import { summarize } from '../src/results.ts'
import { contenders } from '../src/servers.ts'
import { workloads } from '../src/workloads.ts'

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
  failures: [{ workload: 'json', server: 'node-http', why: 'status 500\nand more' }],
  options: { rounds: 3, seconds: 2, base: 'node-http', load: 'wrk', pinned: true },
  results: [
    result('plaintext', 'node-http', 40),
    result('plaintext', 'spillway', 20),
    result('static-1m', 'spillway', 321.5),
  ],
}

describe('the page', () => {
  const html = page([record, { ...record, title: 'a <second>', results: [result('json', 'spillway', 5)] }])

  it('has a chart for each workload of each run, the least first, scaled to the most', () => {
    expect(html.match(/<section>/g)).toHaveLength(3)
    expect(html).toContain('<h2>a &lt;second></h2>')
    expect(html.indexOf('<td>spillway')).toBeLessThan(html.indexOf('<td>node-http'))
    // A fifth of the time of all processes is the server's own.
    expect(html).toContain(
      '<tr class="ours"><td>spillway<td class="bar"><span style="width:100.0%"><span style="width:20.2%"></span></span>',
    )
  })

  it('tells what the machine spends, and how far rounds lie apart', () => {
    expect(html).toContain('<td>20.0<td class="mid">2.00<td>–<td>99.0\n')
  })

  it('says who has no part in a workload, and why', () => {
    expect(html).toContain('<p>Without node-http: left out: status 500.</p>')
  })

  it('escapes what the machine calls itself, and loads nothing', () => {
    expect(html).toContain('A &lt;B>')
    expect(html).not.toMatch(/<script|src=|https?:\/\//)
  })
})

function marks(name: string, text: string): string {
  return `<!-- bench ${name}: written by a script, see apps/bench -->${text}<!-- /bench ${name} -->\n`
}

describe('the tables for documents', () => {
  const plan = {
    ...plans['http1']!,
    servers: ['spillway', 'node-http', 'nginx'],
    workloads: ['static-1m', 'plaintext', 'json'],
  }

  it('have a row for each workload in the order of all, and say where they come from', () => {
    const text = markdown(plan, record, ['cpuPerRequest', 'machinePerRequest'])
    const [own, whole] = text.split('\n\n')
    expect(own).toBe(
      `| HTTP/1.1: CPU µs of the server a request | spillway | node-http |
| --- | --: | --: |
| hello, keep-alive | **20.0** | 40.0 |
| JSON of 1 to 50 items | – | – |
| file of 1 MiB | **322** | – |`,
    )
    expect(whole).toContain('| hello, keep-alive | **99.0** | 99.0 |')
    expect(text).toContain('spillway 1.0.0, node-http 20.20.2.')
  })

  it('say why a cell is empty, and who was not there', () => {
    const text = markdown(plan, record, ['cpuPerRequest'])
    expect(text).toContain(
      'Empty: spillway in “JSON of 1 to 50 items”: not measured; node-http in “JSON of 1 to 50 items”: left out: status 500; node-http in “file of 1 MiB”: not measured.',
    )
    expect(text).toContain('Not installed: nginx.')
  })

  it('tell how far rounds lie apart', () => {
    const wide = summarize(
      'plaintext',
      'spillway',
      [10, 20, 30].map((cost) => ({ ...record.results[0]!.median, cpuPerRequest: cost })),
    )
    const results = [...record.results, { ...wide, ratios: undefined }]
    expect(markdown(plan, { ...record, results }, ['cpuPerRequest'])).toContain(
      'Rounds differ by ±50 % in half of the cells or less, ±50 % at the most.',
    )
  })

  it('stand between their marks, and only there', () => {
    const document = `a\n${marks('one', '\nold\n')}b\n${marks('two', 'other')}`
    const once = replaceTable(document, 'one', 'new')
    expect(once).toBe(`a\n${marks('one', '\n\nnew\n\n')}b\n${marks('two', 'other')}`)
    expect(replaceTable(once, 'one', 'new')).toBe(once)
    expect(replaceTable(document, 'three', 'new')).toBe(document)
    expect(() => replaceTable('<!-- /bench one -->', 'one', 'new')).toThrow('only one of the two marks')
  })

  it('have a place each, and know whom and what they are of', () => {
    const texts = documents.map(({ file }) => readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8'))
    for (const [name, { servers, workloads: rows }] of Object.entries(plans)) {
      expect(texts.some((text) => text.includes(marks(name, '').slice(0, 30)))).toBe(true)
      expect(contenders.map((one) => one.name)).toEqual(expect.arrayContaining([...servers]))
      expect(workloads.map((one) => one.name)).toEqual(expect.arrayContaining([...rows]))
    }
  })
})

describe('empty cells', () => {
  it('have a reason each', () => {
    const needs = [...new Set(workloads.map((workload) => workload.needs))]
    const lacking = contenders.flatMap(({ name, features }) =>
      needs.filter((feature) => !features.includes(feature)).map((feature) => absence(name, feature)),
    )
    for (const reason of lacking) expect(reason).toMatch(/^\S.*[^.]$/)
    expect(() => absence('spillway', 'http2')).toThrow('nobody knows why spillway has no http2')
  })

  it('are of the same program on another Node.js, and on Spillway', () => {
    const proxied = workloads.find(({ name }) => name === 'proxied')!
    expect(whyEmpty(proxied, 'express-spillway', record)).toBe(whyEmpty(proxied, 'express', record))
    expect(whyEmpty(proxied, 'node-http2-node24', record)).toBe(whyEmpty(proxied, 'node-http2', record))
  })
})
