import { describe, expect, it } from 'vitest'
import { differences } from '../src/compare.ts'
import { parseReport } from '../src/load.ts'
import { type Workload, wireFormat } from '../src/workloads.ts'
import { wrkScript } from '../src/wrk.ts'

const get = { method: 'GET', target: '/a', fields: [['Host', 'x']] } as const
const workload: Workload = { name: 'a', title: 'a', connections: 1, needs: 'application', requests: [get] }

describe('requests', () => {
  it('have a head', () => {
    expect(wireFormat(get)).toBe('GET /a HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(wireFormat(get, true)).toBe('GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
  })

  it('have content with a length, or in a chunk', () => {
    const post = { ...get, method: 'POST', content: 'hello world, hello' } as const
    expect(wireFormat(post)).toMatch(/\r\nContent-Length: 18\r\n\r\nhello world, hello$/)
    expect(wireFormat({ ...post, chunked: true })).toMatch(
      /\r\nTransfer-Encoding: chunked\r\n\r\n12\r\nhello world, hello\r\n0\r\n\r\n$/,
    )
  })
})

describe('script of wrk', () => {
  it('holds the bytes as they are, as often as they are pipelined', () => {
    const quoted = { ...get, fields: [['A', '"\\']] } as const
    const script = wrkScript({ ...workload, requests: [quoted], pipelined: 2 })
    const text = String.raw`GET /a HTTP/1.1\r\nA: \"\\\r\n\r\n`
    expect(script).toContain(`local text = "${text}${text}"\n`)
  })

  it('sends several requests in turn, and closes connections by chance', () => {
    expect(wrkScript({ ...workload, requests: [get, get] })).toContain('return keep[n]')
    expect(wrkScript({ ...workload, requestsPerConnection: 10 })).toContain('math.random(10) == 1 and last[n]')
  })

  it('prints a report that can be read', () => {
    const line = '{"requests":5,"duration":1000,"p50":1,"p99":2,"p999":3,"errors":0}'
    expect(parseReport(`Running 1s test\nBENCH ${line}\n`)).toMatchObject({ requests: 5, p99: 2 })
    expect(() => parseReport('unable to connect')).toThrow('unable to connect')
  })
})

describe('comparison of answers', () => {
  const ok = { status: 200, content: 'same' }

  it('finds nothing when all are the same', () => {
    expect(differences(workload, new Map(Object.entries({ a: [ok], b: [ok] })))).toEqual([])
  })

  it('names the server that differs, once', () => {
    const answers = new Map(
      Object.entries({ a: [ok], b: [{ status: 404, content: '' }], c: [{ ...ok, content: '?' }] }),
    )
    expect(differences(workload, answers)).toEqual([
      { server: 'b', what: 'GET /a: status 404' },
      { server: 'c', what: 'GET /a: "?" instead of "same"' },
    ])
  })

  it('knows what the greeting is', () => {
    const hello = { ...workload, requests: [{ ...get, target: '/plaintext' }] }
    expect(differences(hello, new Map([['a', [ok]]]))).toHaveLength(1)
  })
})
