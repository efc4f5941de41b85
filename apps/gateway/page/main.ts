import type { Snapshot } from '../src/model.ts'
import { drawChart } from './chart.ts'
import { byId, say } from './dom.ts'
import { showGroups } from './groups.ts'
import { duration, milliseconds, number, time } from './format.ts'
import { send, showNotice } from './send.ts'

const live = byId('live')

function showLive(state: 'live' | 'lost', text: string): void {
  live.dataset['state'] = state
  live.textContent = text
}

function show(snapshot: Snapshot): void {
  const { seconds, connections, total, failed, demo } = snapshot
  const last = seconds.at(-1)!
  showLive('live', snapshot.closing ? 'shutting down' : 'live')
  const url = byId('url') as HTMLAnchorElement
  url.href = snapshot.url
  url.textContent = snapshot.url
  say('rate', number(last.requests))
  say('total', number(total))
  say('p50', milliseconds(last.p50))
  say('p99', milliseconds(last.p99))
  say('open', number(connections.open))
  say('active', number(connections.active))
  say('failed', number(failed))
  if (demo)
    say(
      'failed-note',
      `answers of 500 and more; the demo's clients missed ${number(demo.missed)} of ${number(demo.asked)}`,
    )
  byId('failures').classList.toggle('bad', failed > 0 || (demo?.missed ?? 0) > 0)
  say('uptime', duration(snapshot.now - snapshot.started))
  say(
    'loads',
    `${number(snapshot.loads)} ${snapshot.loads === 1 ? 'time' : 'times'}, last at ${time(snapshot.loadedAt)}`,
  )
  drawChart(seconds)
  showGroups(snapshot.groups)
  showRecent(snapshot)
}

function showRecent({ recent }: Snapshot): void {
  const rows = recent.map(({ at, method, target, status, ms, aborted }) => {
    const row = document.createElement('tr')
    const cell = (text: string, className = ''): void => {
      const made = row.insertCell()
      made.textContent = text
      made.className = className
    }
    cell(time(at))
    cell(`${method} ${target}`)
    const tone = aborted || status >= 500 ? 'n bad' : status >= 400 ? 'n warn' : 'n'
    cell(aborted ? `${status || ''} aborted` : String(status), tone)
    cell(ms.toFixed(1), 'n')
    return row
  })
  byId('recent').replaceChildren(...rows)
}

byId('reload').addEventListener('click', async ({ currentTarget }) => {
  const answer = await send('reload', currentTarget as HTMLButtonElement)
  if (answer) showNotice('The configuration was loaded again. Connections stayed.', 'good')
})

const events = new EventSource('events')
events.addEventListener('message', ({ data }) => show(JSON.parse(data as string) as Snapshot))
events.addEventListener('error', () => showLive('lost', 'no connection, trying again'))
