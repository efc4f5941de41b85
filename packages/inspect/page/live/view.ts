// The live view of a server as a whole.
import type { Connection, Snapshot, WireEvent } from '../../src/model/events.ts'
import { bounds } from '../../src/model/state.ts'
import { byId, dataButtons, setText } from '../shared/dom.ts'
import { takeFiles } from '../shared/files.ts'
import { pulse, showCounters } from './counters.ts'
import { Filter } from './filter.ts'
import { type Followed, follow } from './follow.ts'
import { Inspector } from './inspector.ts'
import { LaneLabels, lanesOf } from './lanes.ts'
import { Log, summary } from './log.ts'
import { Store } from './store.ts'
import { plural } from '../../src/model/format.ts'
import { Timeline, clampSpan } from './timeline.ts'

/** Milliseconds between two announcements to a screen reader: more would be noise. */
const announceEvery = 5_000
/** Milliseconds between two updates of the text when something has happened, and of anything that counts seconds. */
const [textEvery, secondsEvery] = [100, 250]
/** Milliseconds between two pictures: the lanes move one pixel at a time, so more would not be visible. */
const drawEvery = 30
/** How many events go into the log at once; if there are more, they wait for a moment, and only the last ones are shown. */
const [crowd, crowdEvery] = [40, 600]

/** What a page can add to the live view. */
export interface LiveOptions {
  /** What can be done in addition to selecting a connection, for a panel that shows nothing yet. */
  readonly hint: string
  /** Called with each snapshot of the server, after the store has taken it. */
  readonly onSnapshot?: (snapshot: Snapshot, store: Store) => void
}

/** Fills the page with what happens on the server, and keeps it up to date. */
export function startLive(options: LiveOptions): Inspector {
  return new LiveView(options).inspector
}

class LiveView {
  readonly inspector: Inspector
  readonly #store = new Store()
  readonly #log = new Log(this.#store)
  readonly #labels = new LaneLabels()
  readonly #filter = new Filter(() => this.#filtered())
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)')
  readonly #spans = dataButtons('span')
  readonly #timeline: Timeline
  #span = 30_000
  /** The time at the right edge while the picture is paused, and when it was paused. */
  #pausedAt: number | undefined
  #stoppedAt = 0
  /** Since when the server has been away: nothing is known about it, so its clock stands still. */
  #awayAt: number | undefined
  /** Aborted when a file is shown instead of the server. */
  readonly #following = new AbortController()
  #lanes: readonly Connection[] = []
  #news = false
  #unlogged: WireEvent[] = []
  #unannounced: WireEvent[] = []
  /** When each part was last updated. */
  readonly #done = { text: 0, log: 0, picture: 0 }

  constructor({ hint, onSnapshot }: LiveOptions) {
    const store = this.#store
    this.inspector = new Inspector(store, hint)
    this.#timeline = new Timeline({
      select: (lane) => this.#select(this.#lanes[lane]!.id),
      zoom: (factor, at) => this.#zoom(factor, at),
      pan: (by) => {
        if (this.#pausedAt === undefined) this.#pause(true)
        this.#pausedAt = Math.min(this.#stoppedAt, this.#pausedAt! + by * this.#span)
        this.#showLanes(this.#pausedAt)
      },
    })
    const followed: Followed = {
      live: (live) => this.#showLive(live),
      snapshot: (snapshot) => {
        store.take(snapshot)
        onSnapshot?.(snapshot, store)
        this.#unlogged = []
        if (this.#pausedAt === undefined) this.#log.reset(this.#filter)
        this.#showText()
      },
      events: (events) => {
        store.apply(events)
        this.#unannounced = [...this.#unannounced, ...events].slice(-100)
        pulse(events)
        // The log keeps only the latest events, and after a pause it starts again from the state.
        this.#unlogged = [...this.#unlogged, ...events].slice(-bounds.recent)
        this.#news = true
      },
    }
    follow(followed, this.#following.signal)
    takeFiles((file) => void this.#open(file))
    setInterval(() => this.#announce(), announceEvery)
    this.#listen()
    // A link may point to one connection.
    const linked = /^#connection=(\d+)$/.exec(location.hash)?.[1]
    if (linked) this.inspector.select(Number(linked))
    requestAnimationFrame(() => this.#frame())
  }

  /** The time at the right edge. */
  get #now(): number {
    return this.#pausedAt ?? this.#awayAt ?? this.#store.now()
  }

  #listen(): void {
    document.addEventListener('click', (event) => {
      const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-connection]') : null
      if (target) this.#select(Number(target.dataset['connection']))
      const exchange = event.target instanceof Element && event.target.closest<HTMLElement>('[data-exchange]')
      if (!exchange) return
      const [connection, number] = exchange.dataset['exchange']!.split(' ').map(Number)
      this.inspector.selectExchange(connection!, number!)
      this.#showText()
    })
    for (const [button, value] of this.#spans)
      button.addEventListener('click', () => this.#setSpan(Number(value) * 1000))
    for (const [button, value] of dataButtons('zoom'))
      button.addEventListener('click', () => this.#zoom(Number(value), 1))
    byId('pause').addEventListener('click', () => this.#pause(this.#pausedAt === undefined))
  }

  /** The duration of a whole recording, with space at its end for the reason of the last close. */
  get #whole(): number {
    return (this.#store.recording?.now ?? 0) * 1.1
  }

  /** Shows the content of a file from now on. */
  async #open(file: File): Promise<void> {
    const place = byId('opened')
    place.hidden = false
    // Destructured, so that a search for unused exports sees which ones are used.
    const { aboutRecording, openRecording, refusedFile } = await import('./recorded.ts')
    try {
      const recording = await openRecording(file)
      this.#following.abort()
      this.#store.show(recording)
      place.replaceChildren(...aboutRecording(file.name, recording))
      this.#showRecording(recording.now)
    } catch (error) {
      place.replaceChildren(...refusedFile(error))
    }
  }

  #showRecording(end: number): void {
    document.body.classList.remove('away')
    document.body.classList.add('recorded')
    byId('live').dataset['state'] = 'file'
    setText(byId('live'), 'A file')
    byId('pause').hidden = true
    this.#awayAt = undefined
    this.#unannounced = []
    this.inspector.none()
    // The picture stands still at the end of the recording.
    this.#pause(true)
    this.#pausedAt = this.#stoppedAt = end
    this.#log.reset(this.#filter)
    this.#setSpan(this.#whole)
    this.#showText()
  }

  #select(connection: number): void {
    this.inspector.select(connection)
    this.#showText()
  }

  #showLive(live: boolean): void {
    const status = byId('live')
    status.dataset['state'] = live ? 'live' : 'waiting'
    this.#awayAt = live ? undefined : (this.#awayAt ?? this.#store.now())
    document.body.classList.toggle('away', !live && this.#store.epoch > 0)
    setText(status, live ? 'Live' : `${this.#store.away(this.#awayAt)}, trying again`)
  }

  #showText(): void {
    this.#done.text = performance.now()
    this.#news = false
    showCounters(this.#store)
    // A busy server is recorded only part of the time; the page says so.
    byId('gaps').hidden = !this.#store.state.gaps.some(({ to = Infinity }) => to > this.#now - this.#span)
    this.inspector.refresh()
    // While the picture is paused its lanes do not change, but one of them may be selected.
    this.#showLanes(this.#now, this.#pausedAt === undefined)
  }

  #showLanes(now: number, anew: boolean = true): void {
    if (anew) {
      const { lanes, older } = lanesOf(this.#store, now, this.#span, this.#filter)
      this.#lanes = lanes
      byId('older-lanes').hidden = older === 0
      setText(byId('older-lanes'), `${plural(older, 'older connection')} not shown: look for what you want to see.`)
    }
    this.#labels.show(this.#lanes, this.#store, now, this.inspector.selected)
    byId('no-lanes').hidden = this.#lanes.length > 0
  }

  #showLog(now: number): void {
    if (this.#unlogged.length === 0 || this.#pausedAt !== undefined) return
    if (this.#unlogged.length > crowd && now - this.#done.log < crowdEvery) return
    this.#done.log = now
    this.#log.add(this.#unlogged, this.#filter)
    this.#unlogged = []
  }

  /** Called when the search has changed. */
  #filtered(): void {
    this.#unlogged = []
    this.#log.reset(this.#filter)
    this.#showLanes(this.#now)
  }

  #draw(now: number): void {
    this.#done.picture = now
    const { selected } = this.inspector
    const isPast = this.#pausedAt !== undefined
    this.#timeline.draw(this.#lanes, this.#now, this.#span, this.#store, { selected, isPast })
  }

  #frame(): void {
    const now = performance.now()
    const text = now - this.#done.text > (this.#news ? textEvery : secondsEvery)
    if (text) this.#showText()
    this.#showLog(now)
    // With reduced motion, the picture moves together with its text.
    if (text || (!this.#calm.matches && now - this.#done.picture > drawEvery)) this.#draw(now)
    requestAnimationFrame(() => this.#frame())
  }

  #announce(): void {
    if (this.#unannounced.length === 0 || this.#pausedAt !== undefined) return
    byId('announce').textContent = summary(this.#unannounced)
    this.#unannounced = []
  }

  #setSpan(to: number): void {
    this.#span = clampSpan(to, this.#whole)
    for (const [button, value] of this.#spans)
      button.setAttribute('aria-pressed', String(Number(value) * 1000 === this.#span))
    this.#showLanes(this.#now)
  }

  /** Shows more or less time; if the picture is paused, what is under the pointer stays there. */
  #zoom(factor: number, at: number): void {
    const to = clampSpan(this.#span * factor, this.#whole)
    if (this.#pausedAt !== undefined)
      this.#pausedAt = Math.min(this.#stoppedAt, this.#pausedAt + (to - this.#span) * (1 - at))
    this.#setSpan(to)
  }

  #pause(paused: boolean): void {
    this.#pausedAt = paused ? this.#now : undefined
    this.#stoppedAt = this.#pausedAt ?? 0
    byId('pause').setAttribute('aria-pressed', String(paused))
    setText(byId('pause'), paused ? 'Go on' : 'Pause')
    this.#unlogged = []
    if (!paused) this.#log.reset(this.#filter)
    this.#showLanes(this.#now)
  }
}
