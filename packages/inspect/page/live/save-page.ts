import type { Connection, ServerFacts } from '../../src/model/events.ts'
import { el } from '../shared/dom.ts'
import { LanePainter, readPaint } from './lane-painter.ts'

const [width, lane, room] = [880, 44, 60]

/** Saves what the panel shows of a connection, with its lane, as a self-contained file. */
export function savePage(details: Element, connection: Connection, server: ServerFacts, now: number): void {
  const text = pageOf(`Connection #${connection.id}`, laneOf(connection, server, now), details)
  const link = el('a', { download: `connection-${connection.id}.html` })
  link.href = URL.createObjectURL(new Blob([text], { type: 'text/html' }))
  link.click()
  URL.revokeObjectURL(link.href)
}

/** The whole life of a connection as one picture. */
function laneOf(connection: Connection, server: ServerFacts, present: number): string {
  const canvas = el('canvas')
  Object.assign(canvas, { width: width * 2, height: lane * 2 })
  const g = canvas.getContext('2d')
  if (!g) return ''
  g.scale(2, 2)
  const now = connection.close?.at ?? present
  const span = Math.max(1, now - connection.openedAt)
  const x = (at: number): number => room + ((at - connection.openedAt) / span) * (width - 4 * room)
  new LanePainter(g, { now, span, width, x }, lane, readPaint(), server).draw(connection, lane / 2)
  return canvas.toDataURL()
}

function pageOf(title: string, picture: string, details: Element): string {
  const content = details.cloneNode(true) as Element
  // Controls that link to the inspector, or act on it, would do nothing in a file.
  for (const one of content.querySelectorAll('.closer, .pager, .buttons, textarea, details')) one.remove()
  for (const button of content.querySelectorAll('button')) button.replaceWith(...button.childNodes)
  const page = document.implementation.createHTMLDocument(title)
  page.documentElement.lang = 'en'
  const add = (name: string, attributes: Readonly<Record<string, string>>): void => {
    const one = page.createElement(name)
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value)
    page.head.append(one)
  }
  // The saved page runs no scripts and requests nothing.
  const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
  add('meta', { charset: 'utf-8' })
  add('meta', { 'http-equiv': 'Content-Security-Policy', content: policy })
  add('meta', { name: 'viewport', content: 'width=device-width, initial-scale=1' })
  for (const style of document.querySelectorAll('style')) page.head.append(page.importNode(style, true))
  const main = page.createElement('main')
  const heading = page.createElement('h1')
  heading.textContent = title
  const image = page.createElement('img')
  image.src = picture
  image.alt = 'The connection over time'
  image.width = width
  main.append(heading, image, page.importNode(content, true))
  page.body.append(main)
  return `<!doctype html>\n${page.documentElement.outerHTML}\n`
}
