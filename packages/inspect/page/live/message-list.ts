// The messages of a WebSocket.
import type { Exchange } from '../../src/model/events.ts'
import { formatBytes, formatMs } from '../../src/model/format.ts'
import type { WebSocketMessage } from '../../src/model/web-socket-message.ts'
import { el } from '../shared/dom.ts'

export function messageList(messages: readonly WebSocketMessage[], { at: from }: Exchange): HTMLElement[] {
  const title = el('h3', {}, `Messages, ${messages.length}`)
  if (messages.length === 0) return [title, el('p', { class: 'hint' }, 'None so far, or none that was kept.')]
  const items = messages.map(({ from: who, at, kind, bytes, shown }) =>
    el(
      'li',
      { 'data-from': who, 'data-kind': kind },
      el(
        'span',
        { class: 'thin' },
        `${who}, ${kind}, ${formatBytes(bytes)}, after ${formatMs(Math.max(0, at - from))} `,
      ),
      el('code', {}, shown),
    ),
  )
  return [title, el('ol', { class: 'said', tabindex: '0', 'aria-label': 'Messages' }, ...items)]
}
