// How other parsers read the same bytes when they were asked: facts only, and nothing about bytes that they were not given.
import { decodeLatin1 } from '@spillway/parser'
import { plural } from '../../src/model/format.ts'
import { el } from '../shared/dom.ts'
import type { Side } from './hash.ts'

/** The file that `packages/parser/fuzz/readers.mjs` writes. */
interface Facts {
  readonly readers: readonly string[]
  /** By the bytes, one character for each: the verdict of each parser. */
  readonly request: Readonly<Record<string, readonly string[]>>
  readonly response: Readonly<Record<string, readonly string[]>>
}

let facts: Promise<Facts | undefined> | undefined

// decision 095
/** How other parsers are known to read these bytes. @param isRefused whether a strict parser rejects them. */
export async function knownReaders(side: Side, bytes: Uint8Array, isRefused: boolean): Promise<HTMLElement[]> {
  facts ??= fetch('readers.json').then(
    (response) => (response.ok ? (response.json() as Promise<Facts>) : undefined),
    () => undefined,
  )
  const known = await facts
  const cases = known?.[side] ?? {}
  const text = bytes.length <= 1000 ? decodeLatin1(bytes, 0, bytes.length) : ''
  const row = Object.hasOwn(cases, text) ? cases[text]! : []
  const items = (known?.readers ?? []).flatMap((name, i) => (row[i] ? [readerItem(name, row[i], isRefused)] : []))
  if (items.length === 0)
    return [el('p', { class: 'hint' }, 'Nobody else was asked about these very bytes, only about the samples.')]
  return [el('ul', { class: 'others' }, ...items)]
}

function readerItem(name: string, verdict: string, isRefused: boolean): HTMLElement {
  // Request smuggling needs a message that one parser accepts and another rejects.
  const isRisky = isRefused && verdict.startsWith('a')
  return el('li', isRisky ? { class: 'risky' } : {}, el('b', {}, name), ` ${wordsOf(verdict)}`)
}

/** `a5` accepts it, with 5 bytes of content; `r` rejects it; `m` waits for more. */
function wordsOf(verdict: string): string {
  if (verdict === 'r') return 'refuses it'
  if (verdict === 'm') return 'waits for more'
  return verdict === 'a' ? 'takes it' : `takes it, with ${plural(Number(verdict.slice(1)), 'byte')} of content`
}
