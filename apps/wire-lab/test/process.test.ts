import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { spawn } from '@spillway/vitest-config/tools'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { banner, wantsColour } from '../src/lab/banner.ts'
import type { MarkEvent, OpenEvent } from '@spillway/inspect/model'
import { type Built, buildLab } from './built.ts'
import { Watcher, rawClient } from './clients.ts'

let built: Built
let child: ChildProcess | undefined

beforeAll(async () => {
  built = await buildLab({ server: true })
}, 60_000)

afterEach(() => {
  child?.kill('SIGKILL')
  child = undefined
})

afterAll(() => built.remove())

/** Starts the program and waits for its banner. */
async function start(
  env: Record<string, string> = {},
): Promise<{ url: string; text: string; ended: Promise<unknown> }> {
  child = spawn(process.execPath, [join(built.folder, 'main.mjs')], { env: { PORT: '0', ...env }, stdio: 'pipe' })
  const ended = once(child, 'exit').then(([code]) => code as unknown)
  let text = ''
  for await (const piece of child.stdout!) {
    text += String(piece)
    if (text.includes('Ctrl-C')) break
  }
  return { url: /http:\/\/\S+/.exec(text)?.[0] ?? '', text, ended }
}

/** Begins a request that takes long, and waits until the server has seen it. */
async function underWay(url: string): Promise<void> {
  const watcher = new Watcher(url)
  await watcher.first()
  void fetch(`${url}/api/try/slow-head`, { method: 'POST' }).catch(() => {})
  await watcher.until((event): event is OpenEvent | MarkEvent => 'role' in event && event.role === 'lab')
}

describe('the program', () => {
  it('says where it is, and stops in good order', async () => {
    const { url, text, ended } = await start()
    expect(text).toContain(`curl -i ${url}/api/time`)
    expect(text).not.toContain('\x1b[')
    const watcher = new Watcher(url)
    await watcher.first()
    rawClient(Number(new URL(url).port), 'GET /api/time HTTP/1.1\r\nHost: a\r\n\r\n')
    // As under npm: the terminal signals the whole process group, and npm then signals its child again.
    child!.kill('SIGINT')
    child!.kill('SIGINT')
    expect(await ended).toBe(0)
    await watcher.ended
  }, 20_000)

  it('stops at once when it is told so a second time', async () => {
    const { url, ended } = await start()
    await underWay(url)
    child!.kill('SIGINT')
    // Repeated until one is taken for a second press: on a slow machine the first may arrive late.
    const again = setInterval(() => child?.kill('SIGINT'), 300)
    expect(await ended).toBe(1)
    clearInterval(again)
  }, 20_000)

  it('cuts what has not ended in time', async () => {
    const { url, ended } = await start()
    await underWay(url)
    child!.kill('SIGTERM')
    expect(await ended).toBe(0)
  }, 20_000)

  it('says what is wrong with a port', async () => {
    child = spawn(process.execPath, [join(built.folder, 'main.mjs')], { env: { PORT: '70000' }, stdio: 'pipe' })
    let text = ''
    child.stderr!.on('data', (piece) => (text += String(piece)))
    expect((await once(child, 'close'))[0]).toBe(1)
    expect(text).toBe('The wire lab cannot start: PORT takes a whole number from 0 to 65535, not "70000"\n')
  }, 20_000)
})

describe('the banner', () => {
  it('is coloured on a terminal, unless that is not wanted', () => {
    expect(banner('http://a', true)).toContain('\x1b[1m')
    expect(banner('http://a', false)).not.toContain('\x1b')
    expect(wantsColour({ isTTY: true }, {})).toBe(true)
    expect(wantsColour({}, {})).toBe(false)
    expect(wantsColour({ isTTY: true }, { NO_COLOR: '1' })).toBe(false)
    expect(wantsColour({ isTTY: true }, { TERM: 'dumb' })).toBe(false)
  })
})
