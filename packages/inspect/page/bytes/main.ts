import { decodeLatin1 } from '@spillway/parser'
import { readByProfiles, readingsSummary, withSmuggled } from '../../src/model/readings.ts'
import { type Reading, readBytes } from '../../src/model/tokens.ts'
import { byId, dataButtons, el, setText } from '../shared/dom.ts'
import { takeFiles } from '../shared/files.ts'
import { plural } from '../../src/model/format.ts'
import { describe, kinds, rfcUrl } from '../shared/kinds.ts'
import { Editor, type Form } from './editor.ts'
import { type Side, parseHash, toHash } from './hash.ts'
import { hexDump } from './hex-dump.ts'
import { pasted } from '../../src/model/pasted.ts'
import { knownReaders } from './known-readers.ts'
import { readingColumns } from './readings.ts'
import { type Sample, samples } from './samples.ts'
import { messageList, verdict } from './verdict.ts'

/** Milliseconds after the last change until the page's address is updated: browsers refuse frequent updates. */
const shareAfter = 300

const editor = new Editor(() => read())
const dump = byId('dump')
let side: Side = 'request'
let bytes: Uint8Array = new Uint8Array(0)
let reading: Reading = { tokens: [], messages: [] }
/** The token being described; -1 for none, undefined at first. */
let shown: number | undefined
let sharing: ReturnType<typeof setTimeout> | undefined

/** Whether the card about other parsers has been in view: its data is fetched only then. */
let isCardSeen = false
new IntersectionObserver(([entry], observer) => {
  if (!entry?.isIntersecting) return
  observer.disconnect()
  isCardSeen = true
  showOthers()
}).observe(byId('readings-card'))

function showOthers(): void {
  const [asked, askedSide] = [bytes, side]
  void knownReaders(side, bytes, reading.fault !== undefined).then((others) => {
    // The user may have typed meanwhile.
    if (bytes === asked && side === askedSide) byId('others').replaceChildren(...others)
  })
}

/** Parses the current input and shows the result. */
function read(): void {
  bytes = editor.bytes
  const strictly = readBytes(bytes, side)
  const readings = readByProfiles(bytes, side)
  reading = { ...strictly, tokens: withSmuggled(strictly.tokens, readings) }
  editor.paint(reading)
  dump.replaceChildren(...hexDump(bytes, reading))
  byId('verdict').replaceChildren(verdict(reading, side, bytes))
  byId('messages').replaceChildren(...messageList(reading.messages))
  byId('no-messages').hidden = reading.messages.length > 0
  byId('readings').replaceChildren(...readingColumns(readings))
  setText(byId('readings-summary'), readingsSummary(readings))
  byId('readings-card').hidden = readings.length === 0
  if (isCardSeen) showOthers()
  setText(byId('size'), plural(bytes.length, 'byte'))
  shown = undefined
  show(reading.tokens.findIndex(({ kind }) => kind === 'wrong'))
  clearTimeout(sharing)
  sharing = setTimeout(share, shareAfter)
}

function share(): void {
  history.replaceState(null, '', toHash({ side, bytes }))
}

/** Describes one token, and highlights it wherever it appears. */
function show(index: number): void {
  if (index === shown) return
  for (const element of document.querySelectorAll('.lit')) element.classList.remove('lit')
  shown = index
  const token = reading.tokens[index]
  const place = byId('token')
  if (!token) {
    place.replaceChildren(el('p', { class: 'hint' }, 'Point at a byte, or move the caret, and see what it is.'))
    return
  }
  for (const element of document.querySelectorAll(`[data-token="${index}"]`)) element.classList.add('lit')
  const { from, to, kind } = token
  const text = describe(reading.tokens, index, (one) => decodeLatin1(bytes, one.from, one.to))
  const rfc = kind === 'wrong' ? (reading.fault?.rfc ?? '') : text.rfc
  const where = to - from === 1 ? `byte ${from}` : `bytes ${from} to ${to - 1}`
  place.replaceChildren(
    el('p', {}, el('b', { class: `t-${kind}` }, text.name), el('span', { class: 'thin' }, ` ${where}`)),
    el(
      'p',
      {},
      text.sentence,
      ...(rfc ? [' ', el('a', { href: rfcUrl(rfc), rel: 'noreferrer', target: '_blank' }, rfc)] : []),
    ),
  )
}

function setSide(to: Side): void {
  side = to
  for (const [button, value] of dataButtons('side')) button.setAttribute('aria-pressed', String(value === side))
}

function setForm(to: Form): void {
  editor.change(to)
  for (const [button, value] of dataButtons('form')) button.setAttribute('aria-pressed', String(value === to))
  byId('form-text').hidden = to !== 'text'
  byId('form-hex').hidden = to !== 'hex'
  read()
}

/** Opens what the address contains, or the first sample. */
function open(): void {
  const shared = parseHash(location.hash)
  const { side: from, bytes: written } = shared ?? samples[0]!
  setSide(from)
  editor.bytes = written
  read()
}

const choice = byId('samples') as HTMLSelectElement
/** What can be chosen: the samples, and the messages of an opened file. */
const choices: Sample[] = []
function offer(title: string, more: readonly Sample[]): void {
  const first = choices.length
  choices.push(...more)
  const options = more.map(({ name }, i) => el('option', { value: String(first + i) }, name))
  choice.append(el('optgroup', { label: title }, ...options))
}
offer('Samples', samples)
choice.addEventListener('change', () => {
  const sample = choices[Number(choice.value)]
  if (choice.value === '' || !sample) return
  setSide(sample.side)
  editor.bytes = sample.bytes
  choice.value = ''
  read()
})
for (const [button, value] of dataButtons('side'))
  button.addEventListener('click', () => {
    setSide(value as Side)
    read()
  })
for (const [button, value] of dataButtons('form')) button.addEventListener('click', () => setForm(value as Form))

byId('share').addEventListener('click', () => {
  share()
  const answer = byId('shared')
  navigator.clipboard.writeText(location.href).then(
    () => setText(answer, 'Copied'),
    () => setText(answer, 'It is in the address bar'),
  )
})

byId('source').addEventListener('paste', (event) => {
  const found = pasted(event.clipboardData?.getData('text') ?? '', side)
  if (!found) return
  event.preventDefault()
  setSide(found.side ?? side)
  editor.bytes = found.bytes
  read()
  setText(byId('shared'), `Taken from ${found.what}`)
})

/** Most messages of a file to choose from. */
const mostOffered = 400

/** Opens a file: a capture or an archive, the output of a tool, or else raw bytes. */
async function take(file: File): Promise<void> {
  const whole = new Uint8Array(await file.arrayBuffer())
  const { recordedMessages } = await import('./recorded-messages.ts')
  let recorded: ReturnType<typeof recordedMessages>
  try {
    recorded = recordedMessages(whole)
  } catch (error) {
    return setText(byId('shared'), `${file.name}: ${error instanceof Error ? error.message : String(error)}`)
  }
  const { messages, notes } = recorded ?? { messages: [], notes: [] }
  if (messages.length > 0) offer(file.name, messages.slice(0, mostOffered))
  const found = messages[0] ?? pasted(new TextDecoder().decode(whole), side)
  // There is nothing to explain about bytes that are not a message.
  if (found || !recorded) {
    setSide(found?.side ?? side)
    editor.bytes = found?.bytes ?? whole
    read()
  }
  const count = recorded ? `, with ${plural(messages.length, 'message')}` : ''
  setText(byId('shared'), [`Taken from ${file.name}${count}`, ...notes].join('. '))
}

takeFiles((file) => void take(file))

for (const place of [dump, byId('source')])
  place.addEventListener('pointermove', (event) => {
    // The text field lies on top of the coloured text, whose parts know their token.
    const hit = document.elementsFromPoint(event.clientX, event.clientY)
    const found = hit.find((element) => element instanceof HTMLElement && element.dataset['token'] !== undefined)
    if (found) show(Number((found as HTMLElement).dataset['token']))
  })
document.addEventListener('selectionchange', () => {
  if (document.activeElement === byId('source')) show(editor.tokenAtCaret(reading))
})
for (const place of ['verdict', 'readings'])
  byId(place).addEventListener('click', (event) => {
    const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-byte]') : null
    if (target) editor.show(Number(target.dataset['byte']))
  })

byId('legend').append(
  ...Object.entries(kinds)
    .filter(([kind]) => kind !== 'mark')
    .map(([kind, { name }]) => el('li', {}, el('span', { class: `t-${kind}` }, name))),
)
addEventListener('hashchange', open)
open()
