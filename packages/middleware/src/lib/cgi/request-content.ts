// The content of a request for a script, whose length has to be known first.
import { type Context, HttpError } from '@spillway/core'

/** The content of a request, of which a script is told the length beforehand (RFC 3875 §4.1.2). */
export interface RequestContent {
  /** Undefined when the request has none. */
  readonly length: number | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}

/**
 * The content for a script: streamed when its length is known, else read up to its end first.
 * @param max most bytes that are read first.
 * @throws HttpError 413 when there is more than the server takes, 411 when it has no length and is longer than `max`.
 */
export async function requestContent(c: Context<any, any>, max: number): Promise<RequestContent> {
  const { body } = c
  if (body.length === 0) return { length: c.headers.has('content-length') ? 0 : undefined, chunks: given() }
  if (body.length !== null) {
    if (body.length > body.limit)
      throw new HttpError(413, `The request content is larger than ${body.limit} bytes`, { code: 'CONTENT_TOO_LARGE' })
    return { length: body.length, chunks: body }
  }
  const bytes = await body.bytes(Math.min(max, body.limit)).catch((error: unknown) => {
    if ((error as HttpError).status !== 413) throw error
    throw new HttpError(411, `Content without a length is taken up to ${max} bytes`)
  })
  return { length: bytes.length, chunks: given(bytes) }
}

async function* given(...bytes: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  yield* bytes
}
