import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { samples } from '../page/bytes/samples.ts'
import { readByProfiles, readingsSummary, withSmuggled } from '../src/model/readings.ts'
import { readBytes } from '../src/model.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1')

/** One line for each reader: its messages, a star for smuggled ones, what it forgives, and where it stops. */
function told(text: string, side: 'request' | 'response' = 'request'): string[] {
  return readByProfiles(bytes(text), side).map(({ profile, messages, deviations, fault }) =>
    [
      profile,
      ...messages.map(
        ({ line, from, to, content, isSmuggled }) => `${isSmuggled ? '*' : ''}${line} ${from}-${to} (${content})`,
      ),
      ...deviations.map(({ code, at }) => `~${code} ${at}`),
      ...(fault ? [`!${fault.code} ${fault.at}`] : []),
    ].join(', '),
  )
}

const head = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n'
const admin = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n'

describe('readings of the same bytes', () => {
  it('show the request that a strict reader never sees', () => {
    const text = `${head}0\r\n\r\n${admin}`
    const from = head.length + 5
    expect(told(text)).toEqual([
      'strict, !CODING_WITH_LENGTH 64',
      'userAgent, !CODING_WITH_LENGTH 64',
      `observer, POST / HTTP/1.1 0-${from} (0), *GET /admin HTTP/1.1 ${from}-${text.length} (0), ~CODING_WITH_LENGTH 64`,
    ])
    const readings = readByProfiles(bytes(text), 'request')
    expect(readingsSummary(readings)).toContain('1 message that a strict reader never sees')
    const lit = withSmuggled(readBytes(bytes(text), 'request').tokens, readings)
    expect(lit.slice(-2)).toEqual([
      { from: 65, to: from, kind: 'rest' },
      { from, to: text.length, kind: 'smuggled' },
    ])
  })

  it('show what a user agent forgives', () => {
    const text = 'HTTP/1.1 200\r\nX: a\r\n b\r\nContent-Length: 1\r\n\r\nx'
    const seen = `HTTP/1.1 200  0-${text.length} (1), ~INVALID_STATUS 12, ~OBSOLETE_FOLDING 20`
    expect(told(text, 'response')).toEqual(['strict, !INVALID_STATUS 12', `userAgent, ${seen}`, `observer, ${seen}`])
    expect(readingsSummary(readByProfiles(bytes(text), 'response'))).toBe('They do not see the same.')
  })

  it('are the same for what is right, and none of HTTP/2', () => {
    const readings = readByProfiles(bytes(admin + admin), 'request')
    expect(readingsSummary(readings)).toBe('All see the same.')
    expect(readings.map(({ messages }) => messages.length)).toEqual([2, 2, 2])
    expect(readByProfiles(bytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 'request')).toEqual([])
  })

  it.each(samples)('of the sample "$name" cover every byte', ({ side, bytes: sample }) => {
    const { tokens } = readBytes(sample, side)
    const lit = withSmuggled(tokens, readByProfiles(sample, side))
    let at = 0
    for (const { from, to } of lit) {
      expect(from).toBe(at)
      expect(to).toBeGreaterThan(from)
      at = to
    }
    expect(at).toBe(sample.length)
  })
})

describe('what others read', () => {
  const { readers, ...known } = JSON.parse(
    readFileSync(new URL('../../parser/fuzz/readers.json', import.meta.url), 'utf8'),
  ) as { readers: string[] } & Record<'request' | 'response', Record<string, string[]>>

  it('was found out for every sample of HTTP/1, and is said of nothing else', () => {
    const asked = samples.filter(({ name, side }) => side === 'request' && !name.startsWith('HTTP/2'))
    expect(asked.length).toBeGreaterThan(15)
    for (const { name, bytes: sample } of asked) {
      const row = known.request[Buffer.from(sample).toString('latin1')]
      expect([name, row?.length]).toEqual([name, readers.length])
    }
    const cells = [...Object.values(known.request), ...Object.values(known.response)].flat()
    expect(cells.filter((cell) => !/^(?:a\d*|r|m|)$/.test(cell))).toEqual([])
  })

  it('differs where something is smuggled: some take what a strict reader refuses', () => {
    const smuggled = samples.filter(({ name }) => name.startsWith('Smuggling') || name.startsWith('Two lengths'))
    for (const { bytes: sample, side } of smuggled) expect(readBytes(sample, side).fault).toBeDefined()
    const taken = smuggled.filter(({ bytes: sample }) =>
      known.request[Buffer.from(sample).toString('latin1')]!.some((cell) => cell.startsWith('a')),
    )
    expect(taken.length).toBeGreaterThan(6)
  })
})
