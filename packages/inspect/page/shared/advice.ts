// Advice on an error or on the end of a connection, as elements of the page.
import type { EndedBy } from '../../src/model/reasons.ts'
import { el } from './dom.ts'
import { rfcUrl } from './kinds.ts'

/** Why a code is an error, and what to do about it; loaded on demand, as errors are rare. */
export function errorAdvice(code: string): HTMLElement {
  const place = el('div', { class: 'advice' })
  void import('../../src/model/advice.ts').then(({ adviceOn }) => {
    const found = adviceOn(code)
    if (found) place.append(line('Why', found.why), line('What to do', found.todo))
  })
  return place
}

/** What to do about this kind of end, and where to read more. */
export function endedAdvice(reason: EndedBy): HTMLElement {
  const place = el('div', { class: 'advice' })
  void import('../../src/model/advice.ts').then(({ endAdvice }) => {
    const { todo, rfc } = endAdvice[reason]
    const link = el('a', { href: rfcUrl(rfc), rel: 'noreferrer', target: '_blank' }, rfc)
    place.append(todo === '' ? el('p', {}, link) : el('p', {}, el('b', {}, 'What to do: '), `${todo} `, link))
  })
  return place
}

function line(name: string, text: string): HTMLElement {
  return el('p', {}, el('b', {}, `${name}: `), text)
}
