// The four questions of a newcomer, asked on the page of the inspector in Chromium. Plain JavaScript, as what tries the packed packages
// uses it, too.
import { once } from 'node:events'
import { connect } from 'node:net'

/** What the page says when it is asked. */
export const answers = [
  'because the client asked',
  'b, HOST_REPEATED',
  '2 connections',
  '8 at once, each with its handler',
]

/** A POST that lacks most of its content. */
export const post = (path) =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{`

export async function ask(page, link, url, slow) {
  page.setDefaultTimeout(20_000)
  await page.goto(link)
  await page.waitForSelector('#live[data-state=live]')
  const label = (text) => page.locator('#labels button', { hasText: text }).first()

  // Why did this connection close?
  await raw(url, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await label('as the client asked').click()
  await page.locator('#details .verdict', { hasText: 'The request said “Connection: close”.' }).waitFor()
  await page.locator('#details', { hasText: /Ended\s*first by the server \(FIN\)/ }).waitFor()

  // Which bytes made this invalid?
  await raw(url, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
  await label('not valid HTTP').click()
  await page.locator('#details', { hasText: 'HOST_REPEATED at byte 31' }).waitFor()
  const wrong = await page.locator('#details .t-wrong').first().textContent()

  // What does keep-alive save?
  const kept = open(url)
  for (let i = 1; i <= 3; i++) {
    kept.write('GET /none HTTP/1.1\r\nHost: a\r\n\r\n')
    await page
      .locator('#log tr', { hasText: '/none' })
      .nth(i - 1)
      .waitFor()
  }
  await page.locator('#log tr', { hasText: '/none' }).first().locator('button').click()
  await page.locator('#details', { hasText: 'Keep-alive has saved 2 connections' }).waitFor()
  kept.destroy()

  // How are many clients handled at once?
  const many = Array.from({ length: 8 }, () => open(url))
  for (const socket of many) socket.write(slow)
  await page.locator('#n-busy', { hasText: '8 at once' }).waitFor()
  const busy = await page.locator('#labels button', { hasText: 'handler at work' }).count()
  for (const socket of many) socket.destroy()
  return [
    'because the client asked',
    `${wrong}, HOST_REPEATED`,
    '2 connections',
    `${busy} at once, each with its handler`,
  ]
}

function open(url) {
  return connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
}

/** Sends bytes, and waits until the server has ended the connection. */
async function raw(url, bytes) {
  const socket = open(url)
  socket.resume().write(bytes)
  await once(socket, 'close')
}
