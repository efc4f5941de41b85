import type { Connection, WireEvent } from '../../src/model/events.ts'
import { bounds } from '../../src/model/state.ts'
import { byId, dataButtons, setText } from '../shared/dom.ts'
import { pulse, showCounters } from './counters.ts'
import { follow } from './follow.ts'
import { Inspector } from './inspector.ts'
import { LaneLabels, lanesOf } from './lanes.ts'
import { Log, summary } from './log.ts'
import { Store } from './store.ts'
import { Timeline, clampSpan } from './timeline.ts'
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
const labels = new LaneLabels()
const calm = matchMedia('(prefers-reduced-motion: reduce)')

let span = 30_000
/** The moment at the right edge while the picture stands still, and the one at which it was stopped. */
let [pausedAt, stoppedAt]: (number | undefined)[] = []
let lanes: Connection[] = []
let news = false
let unlogged: WireEvent[] = []
let unannounced: WireEvent[] = []
/** When each part was brought up to date. */
const done = { text: 0, log: 0, picture: 0 }

const timeline = new Timeline({
  select: (lane) => {
    inspector.select(lanes[lane]!.id)
    showText()
  },
  zoom,
  pan(by) {
    if (pausedAt === undefined) pause(true)
    pausedAt = Math.min(stoppedAt!, pausedAt! + by * span)
    showLanes(pausedAt)
  },
})

function showText(): void {
  done.text = performance.now()
  news = false
  showCounters(store)
  inspector.refresh()
  // While the picture stands still its lanes stay the same; but one of them may be picked.
  showLanes(pausedAt ?? store.now(), pausedAt === undefined)
}

function showLanes(now: number, anew: boolean = true): void {
  if (anew) lanes = lanesOf(store, now, span)
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
  timeline.draw(lanes, pausedAt ?? store.now(), span, store.server, inspector.selected)
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
function setSpan(to: number): void {
  span = clampSpan(to)
  for (const [button, value] of spans) button.setAttribute('aria-pressed', String(Number(value) * 1000 === span))
  showLanes(pausedAt ?? store.now())
}

/** Shows more or less time; what is under the pointer stays there while the picture stands still. */
function zoom(factor: number, at: number): void {
  const to = clampSpan(span * factor)
  if (pausedAt !== undefined) pausedAt = Math.min(stoppedAt!, pausedAt + (to - span) * (1 - at))
  setSpan(to)
}

function pause(paused: boolean): void {
  pausedAt = stoppedAt = paused ? store.now() : undefined
  byId('pause').setAttribute('aria-pressed', String(paused))
  setText(byId('pause'), paused ? 'Go on' : 'Pause')
  unlogged = []
  if (!paused) log.reset()
  showLanes(pausedAt ?? store.now())
}

for (const [button, value] of spans) button.addEventListener('click', () => setSpan(Number(value) * 1000))
for (const [button, value] of dataButtons('zoom')) button.addEventListener('click', () => zoom(Number(value), 1))
byId('pause').addEventListener('click', () => pause(pausedAt === undefined))

wireButtons(inspector)
// A link may lead to one connection.
const linked = /^#connection=(\d+)$/.exec(location.hash)?.[1]
if (linked) inspector.select(Number(linked))
// Or to one button, to be pressed by whoever followed it.
const shown = /^#show=([\w.-]+)$/.exec(location.hash)?.[1]
if (shown) {
  const button = document.querySelector<HTMLElement>(`[data-try="${shown}"], [data-fetch="${shown}"]`)
  button?.classList.add('shown')
  button?.focus()
}
requestAnimationFrame(frame)
