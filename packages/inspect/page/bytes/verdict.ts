// The parser's verdict on some bytes, as elements of the page.
import type { Message, Reading } from '../../src/model/tokens.ts'
import { statusText } from '../../src/model/status.ts'
import { otherProtocol } from '../../src/model/protocols.ts'
import { errorAdvice } from '../shared/advice.ts'
import { el } from '../shared/dom.ts'
import { plural } from '../../src/model/format.ts'
import { rfcUrl } from '../shared/kinds.ts'
import type { Side } from './hash.ts'

/** What the parser says, in a line and a sentence. */
export function verdict({ fault, messages }: Reading, side: Side, bytes: Uint8Array): HTMLElement {
  if (fault) {
    const other = otherProtocol(bytes)
    const { code, at, offset, status, rfc, message } = fault
    const place = el('button', { type: 'button', class: 'link', 'data-byte': String(at) }, `byte ${at}`)
    const inMessage = at === offset ? '' : `, ${offset} of its message`
    return el(
      'div',
      { class: 'verdict bad' },
      ...(other ? [el('p', {}, el('b', {}, other))] : []),
      el('p', {}, el('b', {}, code), ' at ', place, inMessage),
      el('p', {}, message, ' ', el('a', { href: rfcUrl(rfc), rel: 'noreferrer', target: '_blank' }, rfc)),
      el(
        'p',
        { class: 'thin' },
        status === undefined
          ? 'Whoever reads it says so in a frame, and ends the stream or the connection.'
          : side === 'request'
            ? `A server answers ${statusText(status)} and ends the connection.`
            : 'A client cannot use it; a gateway answers 502.',
      ),
      errorAdvice(code),
    )
  }
  if (bytes.length === 0)
    return el('div', { class: 'verdict open' }, el('p', {}, 'Nothing yet. Type, paste, or take a sample.'))
  const whole = messages.filter(({ complete }) => complete).length
  const isFrames = messages[0]?.line.startsWith('SETTINGS') === true
  const what = isFrames ? 'frame' : side
  if (messages.at(-1)?.complete)
    return el('div', { class: 'verdict' }, el('p', {}, el('b', {}, 'Valid'), `: ${plural(whole, what)}, complete.`))
  const before = whole > 0 ? `${plural(whole, what)} complete, then one ` : 'The message is '
  return el(
    'div',
    { class: 'verdict open' },
    el('p', {}, el('b', {}, 'So far so good'), `: ${before}that needs more bytes.`),
  )
}

/** The messages, each with what the parser found in it. */
export function messageList(messages: readonly Message[]): HTMLElement[] {
  return messages
    .slice(0, 50)
    .map(({ line, facts, from, to, complete }) =>
      el(
        'li',
        {},
        el('code', {}, line || '…'),
        el('p', { class: 'thin' }, `bytes ${from} to ${to - 1}${complete ? '' : ', not complete'}`),
        ...(facts.length > 0
          ? [el('dl', {}, ...facts.flatMap(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]))]
          : []),
      ),
    )
}
