import { describe, expect, it } from 'vitest'
import { parseResident, parseStat, usage } from '../src/proc.ts'
import { parts, selfTimes } from '../src/profile.ts'
import { type Round, median, ratios, summarize } from '../src/results.ts'
import { duration, table } from '../src/table.ts'

const round: Round = {
  requestsPerSecond: 1000,
  cpuPerRequest: 10,
  machinePerRequest: 25,
  p50: 400,
  p99: 2500,
  p999: 9000,
  resident: 50 * 2 ** 20,
  errors: 0,
}

describe('/proc', () => {
  it('finds its way behind a name with spaces and parentheses', () => {
    const numbers = Array.from({ length: 50 }, (_, i) => i + 4)
    const line = `42 (a (b) c) S ${numbers.join(' ')}`
    // Fields 14 to 17 hold their own numbers here: 62 ticks of 10 ms.
    expect(parseStat(line)).toEqual({ parent: 4, cpu: 620_000 })
  })

  it('reads resident memory', () => {
    expect(parseResident('Name:\tnode\nVmHWM:\t  99 kB\nVmRSS:\t   12 kB\n')).toBe(12 * 1024)
    expect(parseResident('Name:\tkernel thread\n')).toBe(0)
  })

  it.runIf(process.platform === 'linux')('knows what this process uses', () => {
    const { cpu, resident } = usage(process.pid)
    expect(cpu).toBeGreaterThan(0)
    expect(resident).toBeGreaterThan(2 ** 20)
  })
})

describe('arithmetic', () => {
  it('takes the middle', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([7])).toBe(7)
    expect(median([])).toBeNaN()
  })

  it('takes the median of each number by itself and adds errors up', () => {
    const result = summarize('json', 'hono', [
      { ...round, requestsPerSecond: 1, cpuPerRequest: 9, errors: 1 },
      { ...round, requestsPerSecond: 3, cpuPerRequest: 7, errors: 2 },
      { ...round, requestsPerSecond: 2, cpuPerRequest: 8 },
    ])
    expect(result.median).toMatchObject({ requestsPerSecond: 2, cpuPerRequest: 8, errors: 3 })
  })

  it('has ratios above one for what is better', () => {
    const base = summarize('json', 'base', [round])
    const better = summarize('json', 'better', [{ ...round, requestsPerSecond: 1500, cpuPerRequest: 5 }])
    expect(ratios(better, base)).toEqual({ requestsPerSecond: 1.5, cpuPerRequest: 2, machinePerRequest: 1 })
    expect(summarize('json', 'x', [round, { ...round, cpuPerRequest: 12 }]).spread).toBeCloseTo(2 / 11)
    expect(ratios(better, undefined)).toBeUndefined()
  })
})

describe('table', () => {
  const base = summarize('json', 'node-http', [round])
  const failing = summarize('json', 'x', [{ ...round, requestsPerSecond: 12_345.6, cpuPerRequest: 4, errors: 3 }])

  it('aligns its columns', () => {
    expect(table('JSON', [base, failing], 'node-http')).toBe(
      [
        'JSON',
        '              req/s      ×  CPU µs/req     ×  ±  machine µs     ×     p50      p99    RSS  errors',
        '  node-http   1,000   1.00        10.0  1.00  –        25.0  1.00  400 µs  2.50 ms  50 MB       –',
        '  x          12,346  12.35        4.00  2.50  –        25.0  1.00  400 µs  2.50 ms  50 MB       3',
        '',
      ].join('\n'),
    )
  })

  it('leaves ratios out when the base did not run', () => {
    expect(table('JSON', [failing], 'node-http')).not.toContain('12.35')
  })

  it('says times in the unit one would say them in', () => {
    expect([12.4, 1234, 45_678, 2_500_000, NaN].map(duration)).toEqual(['12 µs', '1.23 ms', '45.7 ms', '2.50 s', '–'])
  })
})

describe('profile', () => {
  it('adds up the time of each function, without idling', () => {
    const nodes = [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('parse', 'file:///x/packages/parser/dist/chunk-A.js') },
      { id: 3, callFrame: frame('', 'node:net') },
      { id: 4, callFrame: frame('parse', 'file:///x/packages/parser/dist/chunk-A.js') },
    ]
    const profile = { nodes, samples: [1, 1, 2, 3, 4, 4] }
    const times = selfTimes(profile as unknown as Parameters<typeof selfTimes>[0])
    expect(times).toEqual([
      { name: 'parse', where: 'parser:10', percent: 75 },
      { name: '(anonymous)', where: 'node:net:10', percent: 25 },
    ])
    expect(parts(times)).toBe('parser 75.0 %, node:net 25.0 %')
  })
})

function frame(functionName: string, url = ''): object {
  return { functionName, url, lineNumber: 9 }
}
