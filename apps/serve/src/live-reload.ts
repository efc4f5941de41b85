import { type FSWatcher, watch } from 'node:fs'
import type { Context, Reply } from '@spillway/core'
import { type Middleware, changeBody } from '@spillway/middleware'
import { type EventStream, sse } from '@spillway/middleware/sse'

/** A path that no folder has: names with a leading dot are not served. */
const path = '/.spillway/live'
const script = `<script>new EventSource('${path}').onmessage = () => location.reload()</script>\n`
/** Editors write a file in several steps; milliseconds to wait for the last. */
const quietFor = 50

/** Tells pages that something in the folder has changed, by a script at the end of each. */
export class LiveReload {
  readonly #pages = new Set<EventStream>()
  readonly #watcher: FSWatcher
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(folder: string) {
    this.#watcher = watch(folder, { recursive: true, persistent: false }, () => {
      clearTimeout(this.#timer)
      this.#timer = setTimeout(() => this.#tell(), quietFor)
    })
    // A folder that goes away is noticed by whoever asks for its files.
    this.#watcher.on('error', () => {})
  }

  readonly middleware: Middleware = (c, next) => {
    if (c.path === path && c.method === 'GET') return this.#listen(c)
    const reply = next()
    return reply instanceof Promise ? reply.then(addScript) : addScript(reply)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#watcher.close()
  }

  #listen(c: Context): Reply {
    return sse(c, async (stream) => {
      this.#pages.add(stream)
      await stream.closed
      this.#pages.delete(stream)
    })
  }

  #tell(): void {
    for (const page of this.#pages) void page.send({ data: 'changed' })
  }
}

/** Puts the script behind a whole HTML page; a browser takes it as the last of its body. */
function addScript(reply: Reply): Reply {
  const { headers, body } = reply
  const isPage = headers.get('content-type')?.startsWith('text/html') && !headers.has('content-encoding')
  if (!isPage || body === null || reply.status === 206) return reply
  // What is asked for again is sent again: a tag would be of the page without the script.
  headers.delete('etag').delete('last-modified')
  if (typeof body === 'string') changeBody(reply, body + script)
  else if (body instanceof Uint8Array) changeBody(reply, Buffer.concat([body, Buffer.from(script)]))
  else changeBody(reply, followed(body))
  return reply
}

async function* followed(
  body: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
): AsyncGenerator<Uint8Array | string> {
  yield* body
  yield script
}
