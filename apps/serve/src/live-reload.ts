import type { Context, Reply } from '@spillway/core'
import { type Middleware, changeBody } from '@spillway/middleware'
import { type EventStream, sse } from '@spillway/middleware/sse'
import { FolderWatch } from './folder-watch.ts'

/** A path that no file has, because names with a leading dot are not served. */
const path = '/.spillway/live'
/** Milliseconds without a change before pages reload: editors and build tools save in several steps. */
const quietFor = 50

/** Reloads pages when something in the folder changes, by a script at the end of each page. */
export class LiveReload {
  readonly #pages = new Set<EventStream>()
  readonly #watch: FolderWatch
  #quiet: ReturnType<typeof setTimeout> | undefined
  /** The version of the folder. A page with another one is out of date, even after this server was restarted. */
  #version = Date.now()

  constructor(folder: string) {
    this.#watch = new FolderWatch(folder, () => {
      clearTimeout(this.#quiet)
      this.#quiet = setTimeout(() => this.#tell(), quietFor)
    })
  }

  readonly middleware: Middleware = (c, next) => {
    if (c.path === path && c.method === 'GET') return this.#listen(c)
    const script = scriptOf(this.#version)
    const reply = next()
    if (!isForDocument(c)) return reply
    return reply instanceof Promise ? reply.then((made) => addScript(made, script)) : addScript(reply, script)
  }

  close(): void {
    clearTimeout(this.#quiet)
    this.#watch.close()
  }

  #listen(c: Context): Reply {
    return sse(c, async (stream) => {
      this.#pages.add(stream)
      await stream.send({ data: String(this.#version) })
      await stream.closed
      this.#pages.delete(stream)
    })
  }

  #tell(): void {
    this.#version++
    for (const page of this.#pages) void page.send({ data: String(this.#version) })
  }
}

/**
 * Only a visible page keeps a connection open: browsers open six to a server, and a seventh page would wait for ever. A page that becomes
 * visible checks whether it is out of date.
 */
function scriptOf(version: number): string {
  return `<script>{let s;const f=()=>{if(document.hidden)s=s?.close();else if(!s){s=new EventSource('${path}');s.onmessage=e=>e.data==='${version}'||location.reload()}};document.addEventListener('visibilitychange',f);f()}</script>\n`
}

/** Whether the request is for a page, and not for a fragment that a script fetches. */
function isForDocument({ headers }: Context<any, any>): boolean {
  const destination = headers.get('sec-fetch-dest')
  // Browsers send Sec-Fetch-Dest only to localhost and over TLS.
  if (destination === null) return headers.get('accept')?.includes('text/html') ?? false
  return destination === 'document' || destination === 'iframe' || destination === 'frame'
}

/** Appends the script to a complete HTML page; browsers take it as the last element of the body. */
function addScript(reply: Reply, script: string): Reply {
  const { headers, body } = reply
  const isPage = headers.get('content-type')?.startsWith('text/html') && !headers.has('content-encoding')
  if (!isPage || body === null || reply.status === 206) return reply
  // No validators: they would be those of the page without the script.
  headers.delete('etag').delete('last-modified')
  if (typeof body === 'string') changeBody(reply, body + script)
  else if (body instanceof Uint8Array) changeBody(reply, Buffer.concat([body, Buffer.from(script)]))
  else changeBody(reply, followed(body, script))
  return reply
}

async function* followed(
  body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
  script: string,
): AsyncGenerator<Uint8Array | string> {
  yield* body
  yield script
}
