// The cases of packages/parser/vectors, for any JavaScript runtime.
import * as api from '@spillway/parser'
import * as fields from '@spillway/parser/fields'
import * as serialize from '@spillway/parser/serialize'
import { replay, replayCall } from './replay.mjs'
import { calls, vectors } from './vectors.mjs'

// One check for each language feature that the other two entries rely on: dates, regular expressions, sorting.
const others = {
  'dates are read': () => fields.parseDate('Sunday, 06-Nov-94 08:49:37 GMT', Date.UTC(2026, 0)) === 784111777000,
  'dates are written': () => fields.formatDate(784111777000) === 'Sun, 06 Nov 1994 08:49:37 GMT',
  'early years have four digits': () => fields.formatDate(-62135596800000) === 'Mon, 01 Jan 0001 00:00:00 GMT',
  'weights are sorted': () =>
    fields
      .parseQualityList('a;q=0.1, b')
      .map(({ value }) => value)
      .join() === 'b,a',
  'entity tags are read': () => fields.parseEntityTags('W/"a,b" , "c"')?.length === 2,
  'ranges are read': () => JSON.stringify(fields.parseRange('bytes=-1', 10)) === '[{"start":9,"end":9}]',
  'strings are quoted': () => fields.unquote(fields.quote('a"\\b')) === 'a"\\b',
  'what is written is read back': () => {
    const bytes = serialize.responseHead(200, [['content-length', '0']])
    return api.parseResponse(bytes)?.consumed === bytes.length
  },
  'latin1 is not windows-1252': () => api.decodeLatin1(Uint8Array.of(0x80, 0x9f), 0, 2) === '\x80\x9f',
}

export function run() {
  const functions = { ...fields, ...serialize }
  const problems = [...vectors.map((one) => replay(api, one)), ...calls.map((one) => replayCall(functions, one))]
  const failed = problems.filter((problem) => problem !== null).map((error) => ({ check: 'a vector', error }))
  for (const [check, holds] of Object.entries(others)) if (!holds()) failed.push({ check, error: 'it is not so' })
  return { passed: problems.length + Object.keys(others).length - failed.length, failed }
}
