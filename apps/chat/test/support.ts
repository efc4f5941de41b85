import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { WebSocketConnection } from '@spillway/middleware/websocket'
import { connectWebSocket } from '@spillway/middleware/websocket-client'
import { onTestFinished, vi } from 'vitest'
import type { ChatEvent, PageMessage } from '../src/events.ts'
import { type Running, type Startup, start } from '../src/start.ts'

export function folderForTest(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chat-data-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A chat for one test, on a free port unless it says another. */
export async function startChat(startup: Partial<Startup> = {}): Promise<Running> {
  const running = await start({ port: 0, host: '127.0.0.1', data: 'unused', page: '.', ...startup })
  let isClosed: Promise<unknown> | undefined
  const close: Running['close'] = (options) => (isClosed ??= running.close(options)) as ReturnType<Running['close']>
  onTestFinished(() => close({ deadline: 0 }).then(() => {}))
  return { server: running.server, close }
}

/** Somebody who talks, without a browser. */
export class Person {
  readonly #url: string
  readonly #cookie: string
  readonly #sockets: WebSocketConnection[] = []
  readonly heard: ChatEvent[] = []

  private constructor(url: string, cookie: string) {
    this.#url = url
    this.#cookie = cookie
  }

  static async signIn(url: string, name: string, password = 'open sesame'): Promise<Person> {
    const reply = await post(url, '/api/session', { name, password })
    if (reply.status !== 200) throw new Error(`${reply.status}: ${await reply.text()}`)
    return new Person(url, reply.headers.get('set-cookie')!.split(';')[0]!)
  }

  get(path: string): Promise<Response> {
    return fetch(this.#url + path, { headers: { Cookie: this.#cookie } })
  }

  post(path: string, content: object): Promise<Response> {
    return post(this.#url, path, content, this.#cookie)
  }

  /** Hears and says what there is in a room, from a message on. */
  async enter(room: string, after = 0): Promise<void> {
    const socket = await connectWebSocket(
      `${this.#url.replace('http', 'ws')}/api/rooms/${room}/socket?after=${after}`,
      { message: (_, data) => void this.heard.push(JSON.parse(String(data)) as ChatEvent) },
      { headers: { Cookie: this.#cookie } },
    )
    this.#sockets.push(socket)
    await vi.waitUntil(() => this.heard.some(({ is }) => is === 'entered'))
  }

  say(message: PageMessage): Promise<void> {
    return this.#sockets.at(-1)!.send(JSON.stringify(message))
  }

  leave(): void {
    for (const socket of this.#sockets) socket.terminate()
  }

  /** What was heard of a kind. */
  all<Is extends ChatEvent['is']>(is: Is): Extract<ChatEvent, { is: Is }>[] {
    return this.heard.filter((event) => event.is === is) as Extract<ChatEvent, { is: Is }>[]
  }
}

export function post(url: string, path: string, content: object, cookie?: string): Promise<Response> {
  const headers = { 'Content-Type': 'application/json', ...(cookie !== undefined && { Cookie: cookie }) }
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(content) })
}
