import type { Connection, WireEvent } from '../src/model/events.ts'
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
/** Milliseconds between two updates of what counts seconds. */
const labelEvery = 250

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
let labelled = 0
let unannounced: WireEvent[] = []

function updateLanes(): void {
  labelled = performance.now()
  const now = store.now()
  lanes = lanesOf(store, now, span)
  labels.show(lanes, store, now, inspector.selected)
  byId('no-lanes').hidden = lanes.length > 0
}

function draw(): void {
  timeline.draw(lanes, pausedAt ?? store.now(), span, store.you, inspector.selected)
}

function frame(): void {
  const due = performance.now() - labelled > labelEvery
  if (due && pausedAt === undefined) {
    updateLanes()
    inspector.refresh()
  }
  // Without motion the picture moves on with its labels.
  if (due || !calm.matches) draw()
  requestAnimationFrame(frame)
}

/** Shows what has come in. */
function show(): void {
  showCounters(store)
  inspector.refresh()
  if (pausedAt === undefined) updateLanes()
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
    if (pausedAt === undefined) log.reset()
    show()
  },
  events(events) {
    store.apply(events)
    unannounced = [...unannounced, ...events].slice(-100)
    pulse(events)
    if (pausedAt === undefined) log.add(events)
    show()
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
  updateLanes()
})

const spans = dataButtons('span')
for (const [button, value] of spans)
  button.addEventListener('click', () => {
    span = Number(value) * 1000
    for (const [other] of spans) other.setAttribute('aria-pressed', String(other === button))
    updateLanes()
  })

byId('pause').addEventListener('click', () => {
  pausedAt = pausedAt === undefined ? store.now() : undefined
  byId('pause').setAttribute('aria-pressed', String(pausedAt !== undefined))
  setText(byId('pause'), pausedAt === undefined ? 'Pause' : 'Go on')
  if (pausedAt === undefined) log.reset()
  show()
})

wireButtons(inspector)
requestAnimationFrame(frame)
