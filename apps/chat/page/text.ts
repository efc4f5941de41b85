// Text and times as the page shows them.
import { make } from './dom.ts'

/** Addresses and `code`, and nothing else: what people write is text. */
const special = /(https?:\/\/[^\s<>"]*[^\s<>".,;:!?)\]])|`([^`\n]+)`/g

/** What somebody has written, as it is shown. */
export function written(text: string): HTMLElement {
  const shown = make('p', 'text')
  let at = 0
  for (const { index, 0: whole, 1: url, 2: code } of text.matchAll(special)) {
    shown.append(text.slice(at, index))
    if (url === undefined) shown.append(make('code', '', code!))
    else {
      const link = make('a', '', url)
      link.href = url
      link.target = '_blank'
      link.rel = 'noopener noreferrer nofollow ugc'
      shown.append(link)
    }
    at = index + whole.length
  }
  shown.append(text.slice(at))
  // One or two pictures and nothing else are shown large.
  if (/^(?:\p{Extended_Pictographic}\uFE0F?){1,3}$/u.test(text)) shown.classList.add('large')
  return shown
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const calendar = new Intl.DateTimeFormat(undefined, { weekday: 'long', day: 'numeric', month: 'long' })

export const timeOf = (at: Date): string => clock.format(at)

export function dayOf(at: Date): string {
  const days = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(at).setHours(0, 0, 0, 0)) / 86_400_000)
  return days === 0 ? 'Today' : days === 1 ? 'Yesterday' : calendar.format(at)
}
