import type { Connection, WireEvent } from '../src/model/events.ts'
import { bounds } from '../src/model/state.ts'
import { pulse, showCounters } from './counters.ts'
import { byId, dataButtons, setText } from './dom.ts'
import { follow } from './follow.ts'
import { Inspector } from './inspector.ts'
import { LaneLabels, lanesOf } from './lanes.ts'
import { Log, summary } from './log.ts'
import { Store } from './store.ts'
import { Timeline } from './timeline.ts'
import { wireButtons } from './traffic.ts'

/** Milliseconds between two announcements to a screen reader: more would be noise. */
const announceEvery = 5_000
/** Milliseconds between two updates of the text, when something has happened, and of what counts seconds. */
const [textEvery, secondsEvery] = [100, 250]
/** Milliseconds between two pictures: the lanes move a pixel at a time, so more would not be seen. */
const drawEvery = 30
/** Events that go into the log at once; a crowd of them waits for a moment and costs no more than the last ones do. */
const [crowd, crowdEvery] = [40, 600]

const store = new Store()
const inspector = new Inspector(store)
const log = new Log(store)
const timeline = new Timeline()
const labels = new LaneLabels()
const calm = matchMedia('(prefers-reduced-motion: reduce)')

let span = 30_000
/** The moment that is shown while the picture stands still. */
let pausedAt: number | undefined
let lanes: Connection[] = []
let news = false
let unlogged: WireEvent[] = []
let unannounced: WireEvent[] = []
/** When each part was brought up to date. */
const done = { text: 0, log: 0, picture: 0 }

function showText(): void {
  done.text = performance.now()
  news = false
  showCounters(store)
  inspector.refresh()
  if (pausedAt !== undefined) return
  const now = store.now()
  lanes = lanesOf(store, now, span)
  labels.show(lanes, store, now, inspector.selected)
  byId('no-lanes').hidden = lanes.length > 0
}

function showLog(now: number): void {
  if (unlogged.length === 0 || pausedAt !== undefined) return
  if (unlogged.length > crowd && now - done.log < crowdEvery) return
  done.log = now
  log.add(unlogged)
  unlogged = []
}

function draw(now: number): void {
  done.picture = now
  timeline.draw(lanes, pausedAt ?? store.now(), span, store.you, inspector.selected)
}

function frame(): void {
  const now = performance.now()
  const text = now - done.text > (news ? textEvery : secondsEvery)
  if (text) showText()
  showLog(now)
  // Without motion the picture moves on with its text.
  if (text || (!calm.matches && now - done.picture > drawEvery)) draw(now)
  requestAnimationFrame(frame)
}

follow({
  live(live) {
    const status = byId('live')
    status.dataset['state'] = live ? 'live' : 'waiting'
    setText(status, live ? 'Live' : 'Server away, trying again')
  },
  snapshot(snapshot) {
    store.take(snapshot)
    setText(byId('curl'), `curl -i ${store.server.url}/api/time`)
    byId('tries').hidden = !store.server.control
    unlogged = []
    if (pausedAt === undefined) log.reset()
    showText()
  },
  events(events) {
    store.apply(events)
    unannounced = [...unannounced, ...events].slice(-100)
    pulse(events)
    // The log keeps no more than the latest, and after a pause it starts again from the state.
    unlogged = [...unlogged, ...events].slice(-bounds.recent)
    news = true
  },
})

setInterval(() => {
  if (unannounced.length === 0 || pausedAt !== undefined) return
  byId('announce').textContent = summary(unannounced)
  unannounced = []
}, announceEvery)

document.addEventListener('click', (event) => {
  const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-connection]') : null
  if (!target) return
  inspector.select(Number(target.dataset['connection']))
  showText()
})

const spans = dataButtons('span')
for (const [button, value] of spans)
  button.addEventListener('click', () => {
    span = Number(value) * 1000
    for (const [other] of spans) other.setAttribute('aria-pressed', String(other === button))
    showText()
  })

byId('pause').addEventListener('click', () => {
  pausedAt = pausedAt === undefined ? store.now() : undefined
  byId('pause').setAttribute('aria-pressed', String(pausedAt !== undefined))
  setText(byId('pause'), pausedAt === undefined ? 'Pause' : 'Go on')
  unlogged = []
  if (pausedAt === undefined) log.reset()
  showText()
})

wireButtons(inspector)
requestAnimationFrame(frame)
