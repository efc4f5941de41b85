import { plural } from '../../src/model/format.ts'
import type { ProfileReading, SeenMessage } from '../../src/model/readings.ts'
import { el } from '../shared/dom.ts'
import { rfcUrl } from '../shared/kinds.ts'

/** The kind of software that reads like each profile. */
const readers: Readonly<Record<string, readonly [name: string, sentence: string]>> = {
  strict: ['A strict reader', 'Forgives nothing, like this server.'],
  userAgent: ['A user agent', 'Forgives what RFC 9112 asks of clients, in responses only.'],
  observer: ['A lenient reader', 'Forgives whatever can be read, as some servers and proxies do.'],
}

/** One column for each reader: what it sees, what it accepts, and where it stops. */
export function readingColumns(readings: readonly ProfileReading[]): HTMLElement[] {
  return readings.map(({ profile, messages, deviations, fault }) => {
    const [name = profile, sentence = ''] = readers[profile] ?? []
    return el(
      'section',
      { class: 'reading', 'data-profile': profile, 'aria-label': name },
      el('h3', {}, name),
      el('p', { class: 'thin' }, sentence),
      el('ol', { class: 'messages' }, ...messages.slice(0, 20).map((message) => messageItem(message))),
      ...(messages.length === 0 ? [el('p', { class: 'hint' }, 'Sees no message.')] : []),
      ...deviations
        .slice(0, 20)
        .map(({ code, at, rfc, lenient }) =>
          el(
            'p',
            { class: 'forgiven' },
            'Forgives ',
            el('b', {}, code),
            ' at ',
            place(at),
            `: ${lenient}. `,
            link(rfc),
          ),
        ),
      ...(fault
        ? [
            el(
              'p',
              { class: 'stops' },
              'Stops at ',
              place(fault.at),
              ': ',
              el('b', {}, fault.code),
              '. ',
              link(fault.rfc),
            ),
          ]
        : []),
    )
  })
}

function messageItem({ line, from, to, content, complete, isSmuggled }: SeenMessage): HTMLElement {
  return el(
    'li',
    isSmuggled ? { class: 'smuggled' } : {},
    el('code', {}, line || '…'),
    el(
      'p',
      { class: 'thin' },
      `bytes ${from} to ${to - 1}, ${plural(content, 'byte')} of content${complete ? '' : ', not complete'}`,
    ),
    ...(isSmuggled ? [el('p', {}, 'A strict reader never sees it.')] : []),
  )
}

function place(at: number): HTMLElement {
  return el('button', { type: 'button', class: 'link', 'data-byte': String(at) }, `byte ${at}`)
}

function link(rfc: string): HTMLElement {
  return el('a', { href: rfcUrl(rfc), rel: 'noreferrer', target: '_blank' }, rfc)
}
