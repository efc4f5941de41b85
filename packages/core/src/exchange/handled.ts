// The promises by which a handler reads a request are rejected when the client leaves, breaks the message, or sends invalid JSON. A
// handler that has failed in the meantime no longer reads, and a rejection that nobody awaits would end the process. So every
// promise given out here counts as handled; anyone who awaits it still gets the error.
import { handled } from './guarded.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown

/** Inserts, between an object and its class, a prototype whose methods of these names return handled promises. */
function between<T extends object>(native: T, methods: Readonly<Record<string, (result: unknown) => unknown>>): T {
  const prototype = Object.create(native) as Record<string, Method>
  for (const [name, over] of Object.entries(methods)) {
    const method = (native as Record<string, Method | undefined>)[name]
    // Not every runtime has all of them.
    if (!method) continue
    prototype[name] = function call(this: unknown, ...args) {
      return over(method.apply(this, args))
    }
  }
  return prototype as T
}

const promised = (result: unknown): unknown => handled(result as Promise<unknown>)

// Made when first needed: whoever looks at the class `Request` has Node load all of `fetch`, which takes longer than the rest of a start.
let requests: Request | undefined
let readers: ReadableStreamDefaultReader | undefined
let streams: ReadableStream<Uint8Array> | undefined

const ofRequests = (): Request =>
  between(Request.prototype, {
    arrayBuffer: promised,
    blob: promised,
    bytes: promised,
    formData: promised,
    json: promised,
    text: promised,
    clone: (copy) => handledRequest(copy as Request),
  })

const ofStreams = (): ReadableStream<Uint8Array> =>
  between(ReadableStream.prototype as ReadableStream<Uint8Array>, {
    getReader: (reader) => (reader instanceof ReadableStreamDefaultReader ? handledReader(reader) : reader),
    pipeTo: promised,
    tee: (branches) => (branches as ReadableStream<Uint8Array>[]).map(handledStream),
  })

function handledReader(reader: ReadableStreamDefaultReader): ReadableStreamDefaultReader {
  readers ??= between(ReadableStreamDefaultReader.prototype, { read: promised })
  return Object.setPrototypeOf(reader, readers) as ReadableStreamDefaultReader
}

/** The same request, still a genuine one, but with handled promises. */
export function handledRequest(request: Request): Request {
  return Object.setPrototypeOf(request, (requests ??= ofRequests())) as Request
}

/** The same stream, but with handled promises. */
export function handledStream(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return Object.setPrototypeOf(stream, (streams ??= ofStreams())) as ReadableStream<Uint8Array>
}
