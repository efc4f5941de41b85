// The promises by which a handler reads a request are rejected when the client leaves, breaks the message, or sends invalid JSON. A
// handler that has failed in the meantime no longer reads, and a rejection that nobody awaits would end the process. So every
// promise given out here counts as handled; anyone who awaits it still gets the error.
import { handled } from './guarded.ts'
import { readForm, readJson } from './malformed.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown

/** What is done in the place of a method. @param call calls it. @param self whose method it is. */
type Over<T> = (call: () => unknown, self: T) => unknown

/** Inserts, between an object and its class, a prototype with other methods of these names. */
function between<T extends object>(native: T, methods: Readonly<Record<string, Over<T>>>): T {
  const prototype = Object.create(native) as Record<string, Method>
  for (const [name, over] of Object.entries(methods)) {
    const method = (native as Record<string, Method | undefined>)[name]
    // Not every runtime has all of them.
    if (!method) continue
    prototype[name] = function call(this: unknown, ...args) {
      return over(() => method.apply(this, args), this as T)
    }
  }
  return prototype as T
}

type Call = () => Promise<unknown>

const promised: Over<unknown> = (call) => handled((call as Call)())

// Made when first needed: whoever looks at the class `Request` has Node load all of `fetch`, which takes longer than the rest of a start.
// Other servers have classes of their own. What was made is there too, as its own, so that no request gets it twice.
const requests = /* @__PURE__ */ new WeakMap<Request, Request>()
let readers: ReadableStreamDefaultReader | undefined
let streams: ReadableStream<Uint8Array> | undefined

const ofRequests = (native: Request): Request =>
  between(native, {
    arrayBuffer: promised,
    blob: promised,
    bytes: promised,
    formData: (call, request) => handled(readForm(call as Call, request)),
    json: (call) => handled(readJson(call as Call)),
    text: promised,
    clone: (call) => handledRequest(call() as Request),
  })

const ofStreams = (): ReadableStream<Uint8Array> =>
  between(ReadableStream.prototype as ReadableStream<Uint8Array>, {
    getReader: (call) => {
      const reader = call()
      return reader instanceof ReadableStreamDefaultReader ? handledReader(reader) : reader
    },
    pipeTo: promised,
    tee: (call) => (call() as ReadableStream<Uint8Array>[]).map(handledStream),
  })

function handledReader(reader: ReadableStreamDefaultReader): ReadableStreamDefaultReader {
  readers ??= between(ReadableStreamDefaultReader.prototype, { read: promised })
  return Object.setPrototypeOf(reader, readers) as ReadableStreamDefaultReader
}

/** The same request, still a genuine one, but with handled promises; and malformed content is an error that is an answer. */
export function handledRequest(request: Request): Request {
  const native = Object.getPrototypeOf(request) as Request
  let prototype = requests.get(native)
  if (!prototype) {
    prototype = ofRequests(native)
    requests.set(native, prototype).set(prototype, prototype)
  }
  return Object.setPrototypeOf(request, prototype) as Request
}

/** The same stream, but with handled promises. */
export function handledStream(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  return Object.setPrototypeOf(stream, (streams ??= ofStreams())) as ReadableStream<Uint8Array>
}
