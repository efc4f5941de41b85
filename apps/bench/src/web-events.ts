// An event stream for servers whose handlers return a Response.

/** Handles `/events`: a client that gets it receives what others post. */
export function eventsOf(): (request: Request) => Promise<Response> {
  const readers = new Set<ReadableStreamDefaultController<Uint8Array>>()
  const encoder = new TextEncoder()
  return async (request) => {
    if (request.method === 'GET') return stream(readers)
    const event = encoder.encode(`data: ${await request.text()}\n\n`)
    for (const reader of readers) reader.enqueue(event)
    return new Response(null, { status: 204 })
  }
}

const comment = new TextEncoder().encode(': open\n\n')

function stream(readers: Set<ReadableStreamDefaultController<Uint8Array>>): Response {
  let own: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      own = controller
      readers.add(controller)
      // Bun sends the response head only with the first chunk.
      controller.enqueue(comment)
    },
    cancel: () => void readers.delete(own),
  })
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' } })
}
