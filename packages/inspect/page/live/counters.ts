// The counters of the live view.
import type { WireEvent } from '../../src/model/events.ts'
import { percentile } from '../../src/model/state.ts'
import { byId, setText } from '../shared/dom.ts'
import { formatBytes, formatMs, formatTime } from '../../src/model/format.ts'
import type { Store } from './store.ts'

/** Which step of the loop an event belongs to. */
const stepOf: Readonly<Partial<Record<WireEvent['type'], readonly string[]>>> = {
  open: ['accept'],
  head: ['receive'],
  request: ['receive', 'process'],
  refused: ['receive'],
  reply: ['respond'],
  idle: ['keep'],
  close: ['keep'],
}
const calm = matchMedia('(prefers-reduced-motion: reduce)')

export function showCounters(store: Store): void {
  const { state, server, epoch } = store
  const { totals, waits, open } = state
  let idle = 0
  for (const connection of open.values()) if (connection.idleAt !== undefined) idle++
  const [p50, p99] = [percentile(waits, 0.5), percentile(waits, 0.99)]
  const rate = store.rate()
  set('n-listen', server.url === '' ? '–' : new URL(server.url).host)
  set('s-listen', `since ${formatTime(epoch).slice(0, 8)}`)
  set('n-accept', count(totals.accepted))
  const atOnce = totals.mostOpen > 1 ? `, ${count(totals.mostOpen)} at once` : ''
  set('s-accept', `${totals.accepted === 1 ? 'connection' : 'connections'}${atOnce}`)
  set('n-receive', count(totals.requests))
  set('s-receive', `${rate.toFixed(rate < 10 ? 1 : 0)} a second, ${formatBytes(totals.bytesIn)}`)
  set('n-errors', totals.errors > 0 ? `${count(totals.errors)} not HTTP` : '')
  set('n-busy', totals.mostBusy > 1 ? `${count(totals.mostBusy)} at once` : '')
  set('n-process', p50 === undefined ? '–' : formatMs(p50))
  set('s-process', p99 === undefined ? 'until the reply' : `median, p99 ${formatMs(p99)}`)
  set('n-respond', count(totals.replies))
  set('s-respond', `${totals.replies === 1 ? 'reply' : 'replies'}, ${formatBytes(totals.bytesOut)}`)
  set('n-keep', count(totals.open))
  set('s-keep', `${count(idle)} idle, ${count(totals.closed)} closed`)
}

/** Highlights the steps that the latest events belong to. */
export function pulse(events: readonly WireEvent[]): void {
  if (calm.matches) return
  const steps = new Set(events.flatMap(({ type }) => stepOf[type] ?? []))
  for (const step of steps)
    document.querySelector(`[data-step="${step}"]`)?.animate([{ backgroundColor: 'var(--glow)' }, {}], {
      duration: 900,
      easing: 'ease-out',
    })
}

function set(id: string, text: string): void {
  setText(byId(id), text)
}

function count(value: number): string {
  return value.toLocaleString('en')
}
