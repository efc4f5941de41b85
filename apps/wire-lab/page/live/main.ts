import { byId, setText, startLive } from '@spillway/inspect/page'
import type { Tour } from './tour.ts'
import { tryOut, wireButtons } from './traffic.ts'

const inspector = startLive({
  hint: 'Or press a button: what was sent, what came back and why will be here, byte for byte.',
  onSnapshot: (_, { server }) => {
    setText(byId('curl'), `curl -i ${server.url}/api/time`)
    byId('tries').hidden = !server.control
  },
})
wireButtons(inspector)
// Loaded on demand: most visitors never start it.
let tour: Promise<Tour> | undefined
const present = byId('present')
present.addEventListener('click', () => {
  tour ??= import('./tour.ts').then(({ Tour: Told }) => new Told(present, (name) => tryOut(inspector, name)))
  void tour.then((one) => one.begin())
})
// A link may point to one button, for the visitor to press.
const shown = /^#show=([\w.-]+)$/.exec(location.hash)?.[1]
if (shown) {
  const button = document.querySelector<HTMLElement>(`[data-try="${shown}"], [data-fetch="${shown}"]`)
  button?.classList.add('shown')
  button?.focus()
}
