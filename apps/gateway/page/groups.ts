import type { ServerStatus, Snapshot } from '../src/model.ts'
import { byId } from './dom.ts'
import { number } from './format.ts'
import { send } from './send.ts'

/** The elements of one server, reused on every update, so that buttons keep the focus and bars are animated. */
interface Row {
  readonly element: HTMLElement
  show(server: ServerStatus, share: number): void
}

const rows = new Map<string, Row>()
const requestsBefore = new Map<string, number>()
let shown = ''

export function showGroups(groups: Snapshot['groups']): void {
  const names = groups.map(({ name, servers }) => `${name} ${servers.map(({ url }) => url).join(' ')}`).join('\n')
  if (names !== shown) rebuild(groups)
  shown = names
  for (const { name, servers } of groups) {
    const recent = servers.map(({ url, requests }) => requests - (requestsBefore.get(`${name} ${url}`) ?? requests))
    const all = recent.reduce((sum, count) => sum + count, 0)
    for (const [i, server] of servers.entries()) {
      const key = `${name} ${server.url}`
      rows.get(key)!.show(server, all === 0 ? 0 : recent[i]! / all)
      requestsBefore.set(key, server.requests)
    }
  }
}

function rebuild(groups: Snapshot['groups']): void {
  rows.clear()
  const cards = groups.map(({ name, servers }) => {
    const card = element('section', 'card')
    const title = element('div', 'title')
    title.append(element('h2', '', `Servers of “${name}”`), element('small', '', 'bar: share of the last second'))
    card.append(title)
    for (const { url } of servers) {
      const row = makeRow()
      rows.set(`${name} ${url}`, row)
      card.append(row.element)
    }
    return card
  })
  byId('groups').replaceChildren(...cards)
}

function makeRow(): Row {
  const row = element('div', 'server')
  const state = element('span', 'state')
  const name = element('code')
  const share = element('span', 'share')
  const bar = element('i')
  share.append(bar)
  const [active, requests, failures] = [counter('active'), counter('requests'), counter('failures')]
  const button = document.createElement('button')
  button.type = 'button'
  button.hidden = true
  button.addEventListener('click', () => void send(button.dataset['path']!, button))
  row.append(state, name, share, active.element, requests.element, failures.element, button)
  return {
    element: row,
    show: ({ url, state: current, active: busy, requests: sent, failures: failed, demo }, part) => {
      state.textContent = current
      state.dataset['state'] = current
      name.title = url
      name.textContent = url.replace('http://', '')
      bar.style.transform = `scaleX(${part.toFixed(3)})`
      active.show(busy)
      requests.show(sent)
      failures.show(failed)
      button.hidden = demo === null
      if (!demo) return
      button.textContent = demo.running ? 'Kill' : 'Start'
      button.className = demo.running ? 'kill' : 'start'
      button.dataset['path'] = `demo/${demo.name}/${demo.running ? 'kill' : 'start'}`
      button.setAttribute('aria-label', `${button.textContent} server ${demo.name}`)
    },
  }
}

function counter(label: string): { readonly element: HTMLElement; show(value: number): void } {
  const made = element('span', 'n')
  const value = document.createTextNode('')
  made.append(value, element('small', '', label))
  return { element: made, show: (count) => (value.data = number(count)) }
}

function element(name: string, className = '', text = ''): HTMLElement {
  const made = document.createElement(name)
  made.className = className
  made.textContent = text
  return made
}
