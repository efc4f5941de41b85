// The buttons of the lab, and the result of each.
import type { Tried } from '../../src/model/tried.ts'
import { type Inspector, dataButtons } from '@spillway/inspect/page'
import type { Fetched } from './fetched.ts'
import { fetchedDetails, triedDetails, triedKey } from './tried-details.ts'

interface Action {
  readonly title: string
  readonly note: string
  readonly targets: readonly string[]
}

/** What the page's own buttons fetch. */
const actions: Readonly<Record<string, Action>> = {
  one: {
    title: 'One request',
    note: 'Your browser takes a connection that is idle, or opens one, and keeps it for the next request.',
    targets: ['/api/time'],
  },
  three: {
    title: 'Three at once',
    note: 'HTTP/1.1 carries one exchange at a time, so for three at once your browser spreads over several connections.',
    targets: ['/api/time?1', '/api/time?2', '/api/time?3'],
  },
  missing: {
    title: 'A missing page',
    note: 'A 404 is a proper answer: the request was fine, there just is nothing there. The connection is kept.',
    targets: ['/no-such-page'],
  },
}

/** Milliseconds between two attempts to fetch a result that is not ready, and the number of attempts. */
const [lookEvery, looks] = [300, 60]

/** Makes the buttons work. */
export function wireButtons(inspector: Inspector): void {
  for (const [button, name] of dataButtons('fetch')) {
    const { title, note, targets } = actions[name]!
    onPress(
      button,
      async () => showFetched(inspector, title, note, await Promise.all(targets.map(fetchText))),
      inspector,
    )
  }
  for (const [button, name] of dataButtons('try')) {
    onPress(button, async () => showTried(inspector, await ask(name)), inspector)
  }
}

function showFetched(inspector: Inspector, title: string, note: string, results: readonly Fetched[]): void {
  inspector.other(title, () => fetchedDetails(note, results))
}

function showTried(inspector: Inspector, tried: Tried): void {
  inspector.other(
    tried.title,
    (store) => triedDetails(tried, store),
    (store) => triedKey(tried, store),
  )
}

/** Presses one of the buttons of the lab's client. */
export function tryOut(inspector: Inspector, name: string): void {
  const button = document.querySelector<HTMLElement>(`[data-try="${name}"]`)
  const title = button?.textContent ?? name
  inspector.working(title)
  void ask(name).then(
    (tried) => showTried(inspector, tried),
    (error: unknown) => inspector.failed(title, (error as Error).message),
  )
}

function onPress(button: HTMLButtonElement, act: () => Promise<void>, inspector: Inspector): void {
  const title = button.textContent ?? ''
  button.addEventListener('click', () => {
    // Not `disabled`, which would take the focus away.
    if (button.getAttribute('aria-busy') === 'true') return
    button.setAttribute('aria-busy', 'true')
    inspector.working(title)
    act()
      .catch((error: unknown) => inspector.failed(title, (error as Error).message))
      .finally(() => button.removeAttribute('aria-busy'))
  })
}

async function fetchText(target: string): Promise<Fetched> {
  const started = performance.now()
  const response = await fetch(target, { cache: 'no-store' })
  const content = await response.text()
  const ms = performance.now() - started
  const text = response.headers.get('content-type')?.includes('json') ? content : ''
  const connection = text ? (JSON.parse(text) as { connection?: number }).connection : 0
  return { request: `GET ${target}`, status: response.status, ms, text, connection: connection ?? 0 }
}

async function ask(name: string): Promise<Tried> {
  const response = await fetch(`/api/try/${name}`, { method: 'POST' })
  if (!response.ok) throw new Error(await response.text())
  const answer = (await response.json()) as Tried | { readonly see: string }
  return 'see' in answer ? await lookFor(answer.see) : answer
}

/** Fetches the result of a try that replaces the server, from the server that then listens. */
async function lookFor(target: string): Promise<Tried> {
  for (let i = 0; i < looks; i++) {
    await new Promise((resolve) => setTimeout(resolve, lookEvery))
    const response = await fetch(target).catch(() => undefined)
    if (response?.status === 200) return (await response.json()) as Tried
    if (response && response.status !== 202) throw new Error(await response.text())
  }
  throw new Error('There is still no result')
}
