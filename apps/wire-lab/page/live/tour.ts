// A narrated tour for an audience: large lanes, with text before and while something happens.
import { byId, el, setText } from '@spillway/inspect/page'
import { type Step, narration } from './narration.ts'

/** Milliseconds between two checks of the clock, and the height of a lane in pixels. */
const [tick, laneHeight] = [100, 72]

/** Presents the steps one after the other, automatically or by key. */
export class Tour {
  readonly #act: (name: string) => void
  /** Gets the focus back when the tour is over. */
  readonly #start: HTMLElement
  readonly #title = el('h1', { id: 'tour-title' })
  readonly #text = el('p', { id: 'tour-text' })
  readonly #place = el('span')
  readonly #dots = narration.map(() => el('li'))
  readonly #pause = buttonOf('Pause', () => this.#hold(!this.#isPaused))
  readonly #panel = el('section', { class: 'tour', id: 'tour', 'aria-labelledby': 'tour-title', tabindex: '-1' })
  #step = 0
  /** Milliseconds for which this step has been shown. */
  #shown = 0
  #acted = false
  #isPaused = false
  #timer: ReturnType<typeof setInterval> | undefined

  /** @param start the button that starts the tour. @param act presses a button of the lab. */
  constructor(start: HTMLElement, act: (name: string) => void) {
    this.#start = start
    this.#act = act
    this.#pause.id = 'tour-pause'
    const tools = [
      buttonOf('Back', () => this.#go(this.#step - 1)),
      buttonOf('Next', () => this.#next()),
      this.#pause,
      buttonOf('End', () => this.#end()),
    ]
    const keys = el('p', { class: 'keys' }, this.#place, ', keys: ← → to move, space to pause, Esc to end')
    this.#panel.append(
      el('div', { 'aria-live': 'polite' }, this.#title, this.#text),
      el('div', {}, el('p', { class: 'tools' }, ...tools), keys),
      el('ol', { class: 'steps', 'aria-hidden': 'true' }, ...this.#dots),
    )
    document.addEventListener('keydown', (event) => this.#onKey(event))
  }

  get #isOn(): boolean {
    return this.#panel.isConnected
  }

  begin(): void {
    document.body.append(this.#panel)
    document.body.classList.add('presenting')
    byId('labels').dataset['tall'] = String(laneHeight)
    // The width of a lane is a few seconds, so that events appear large.
    document.querySelector<HTMLElement>('[data-span="10"]')?.click()
    this.#go(0)
    // Visitors who prefer reduced motion advance by hand.
    this.#hold(matchMedia('(prefers-reduced-motion: reduce)').matches)
    this.#panel.focus()
    this.#timer = setInterval(() => this.#tick(), tick)
  }

  #end(): void {
    clearInterval(this.#timer)
    this.#panel.remove()
    document.body.classList.remove('presenting')
    delete byId('labels').dataset['tall']
    lookFor('')
    this.#start.focus()
  }

  #tick(): void {
    if (this.#isPaused) return
    this.#shown += tick
    const [before, during] = this.#now.seconds
    if (!this.#acted && this.#shown >= before * 1000) this.#happen()
    else if (this.#shown >= (before + during) * 1000) {
      if (this.#step === narration.length - 1) this.#hold(true)
      else this.#go(this.#step + 1)
    }
  }

  get #now(): Step {
    return narration[this.#step]!
  }

  /** Advances: to what happens in this step, then to the next step. */
  #next(): void {
    if (!this.#acted) this.#happen()
    else this.#go(this.#step + 1)
  }

  #happen(): void {
    this.#acted = true
    this.#shown = this.#now.seconds[0] * 1000
    setText(this.#text, this.#now.during)
    this.#act(this.#now.act)
  }

  #go(step: number): void {
    if (step >= narration.length) return this.#end()
    this.#step = Math.max(0, step)
    this.#shown = 0
    this.#acted = false
    // Show only the connections of this step.
    lookFor(`label:"${this.#now.label}"`)
    setText(this.#title, this.#now.title)
    setText(this.#text, this.#now.before)
    setText(this.#place, `${this.#step + 1} of ${narration.length}`)
    for (const [i, dot] of this.#dots.entries()) dot.classList.toggle('done', i <= this.#step)
  }

  #hold(paused: boolean): void {
    this.#isPaused = paused
    setText(this.#pause, paused ? 'Go on' : 'Pause')
    this.#pause.setAttribute('aria-pressed', String(paused))
  }

  #onKey(event: KeyboardEvent): void {
    if (!this.#isOn || event.ctrlKey || event.metaKey || event.altKey) return
    const isButton = event.target instanceof HTMLButtonElement
    const act = {
      ArrowRight: () => this.#next(),
      PageDown: () => this.#next(),
      ArrowLeft: () => this.#go(this.#step - 1),
      PageUp: () => this.#go(this.#step - 1),
      // When a button has the focus, the space bar presses that button.
      ...(!isButton && { ' ': () => this.#hold(!this.#isPaused) }),
      p: () => this.#hold(!this.#isPaused),
      Escape: () => this.#end(),
    }[event.key]
    if (!act) return
    event.preventDefault()
    act()
  }
}

/** Enters a search. */
function lookFor(text: string): void {
  const field = byId('filter') as HTMLInputElement
  field.value = text
  field.dispatchEvent(new Event('input'))
}

function buttonOf(text: string, act: () => void): HTMLElement {
  const button = el('button', { type: 'button', class: 'quiet' }, text)
  button.addEventListener('click', act)
  return button
}
