import { type ManyNews, type Way, errands, load, ways } from '../../src/model/many.ts'
import { byId, el, formatBytes, formatMs, plural, setText } from '@spillway/inspect/page'
import { drawChart } from './chart.ts'
import { Measured, type Numbers } from './measured.ts'

const button = byId('start')
const status = byId('status')
const measured = new Map<Way, Measured>()
const names: Readonly<Record<Way, string>> = {
  blocking: 'the one that blocks',
  process: 'the one with a process for each connection',
  event: 'the event-driven one',
  cluster: 'the one on all cores',
}
let drawing = false

/** Adds the chart and the table, which are alike for all ways, to the card of one. */
function fillCard(way: Way): void {
  const card = byId(`way-${way}`)
  card.append((byId('measured') as HTMLTemplateElement).content.cloneNode(true))
  const title = byId(`title-${way}`).textContent ?? ''
  card.querySelector('canvas')!.id = `chart-${way}`
  card.querySelector('tbody')!.id = `numbers-${way}`
  setText(card.querySelector('caption')!, `Milliseconds until the reply, ${title.toLowerCase()}`)
}

function canvasOf(way: Way): HTMLCanvasElement {
  return byId(`chart-${way}`) as HTMLCanvasElement
}

/** Draws in the next animation frame, once, however often it is called. */
function draw(): void {
  if (drawing) return
  drawing = true
  requestAnimationFrame(() => {
    drawing = false
    for (const way of ways) drawChart(canvasOf(way), measured.get(way) ?? new Measured())
  })
}

function tell(news: ManyNews): void {
  const { way } = news
  const of = measured.get(way) ?? new Measured()
  measured.set(way, of)
  const card = byId(`way-${way}`)
  card.dataset['state'] = news.is
  if (news.is === 'starting') setText(status, `Starting ${names[way]} …`)
  if (news.is === 'running') {
    of.seconds = news.seconds
    setText(byId(`processes-${way}`), plural(news.processes, 'process', 'processes'))
    setText(status, `${load.clients} clients ask ${names[way]}, for ${news.seconds} s`)
  }
  if (news.is === 'cost') {
    const processes = plural(news.processes, 'process', 'processes')
    setText(byId(`processes-${way}`), `${processes}, ${formatBytes(news.bytes)}`)
  }
  if (news.is === 'measured') of.add(news.samples)
  if (news.is === 'failed') setText(status, `It did not work: ${news.message}`)
  if (news.is === 'measured' || news.is === 'done') showNumbers(way, of)
  draw()
}

function showNumbers(way: Way, of: Measured): void {
  const rows = errands.map((errand, i) => row(errand, of.numbers(i)))
  byId(`numbers-${way}`).replaceChildren(...rows, row('all', of.numbers()))
  const { count } = of.numbers()
  setText(byId(`rate-${way}`), `${Math.round(count / of.seconds)} replies a second`)
}

function row(name: string, { count, p50, p99 }: Numbers): HTMLElement {
  return el(
    'tr',
    { 'data-errand': name },
    el('th', { scope: 'row' }, name),
    ...[count.toLocaleString('en'), time(p50), time(p99)].map((text) => el('td', { class: 'num' }, text)),
  )
}

function time(ms: number | undefined): string {
  return ms === undefined ? '–' : formatMs(ms)
}

/** The time within which half of the quick requests were answered. */
function within(way: Way): string {
  return time(measured.get(way)?.numbers(0).p50)
}

/** States the result, in a sentence that the numbers of this run support. */
function conclude(): void {
  setText(
    status,
    `Half of the quick requests were answered within ${within('blocking')} one at a time, ${within('process')} by a process each, ${within('event')} by events, ${within('cluster')} on all cores.`,
  )
}

async function run(): Promise<void> {
  measured.clear()
  for (const way of ways) {
    byId(`way-${way}`).dataset['state'] = 'waiting'
    showNumbers(way, new Measured())
    setText(byId(`rate-${way}`), '')
  }
  const response = await fetch('/api/many', { method: 'POST' })
  if (!response.ok) throw new Error(await response.text())
  let text = ''
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    text += value
    const news = text.split('\n')
    text = news.pop()!
    for (const line of news) tell(JSON.parse(line) as ManyNews)
  }
  conclude()
}

button.addEventListener('click', () => {
  if (button.getAttribute('aria-busy') === 'true') return
  button.setAttribute('aria-busy', 'true')
  run()
    .catch((error: unknown) => setText(status, (error as Error).message))
    .finally(() => button.removeAttribute('aria-busy'))
})

addEventListener('resize', draw)
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw)
for (const way of ways) {
  fillCard(way)
  showNumbers(way, new Measured())
}
draw()
