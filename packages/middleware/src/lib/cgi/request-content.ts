// The content of a request for a script; its length has to be known in advance.
import { type Context, HttpError } from '@spillway/core'

/** The content of a request, whose length a script is told beforehand (RFC 3875 §4.1.2). */
export interface RequestContent {
  /** Undefined when the request has none. */
  readonly length: number | undefined
  readonly chunks: AsyncIterable<Uint8Array>
}

/**
 * The content for a script: streamed if its length is known, otherwise read to its end first.
 * @param max most bytes that are read first.
 * @throws HttpError 413 when it exceeds the server's limit, 411 when it has no declared length and is longer than `max`.
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
