// Content that is not what a handler reads it as: the fault of the client, whichever reader finds it.
import { HttpError, abortedIn, errorFacts } from './errors.ts'
import { isInstance } from './guarded.ts'

/** Content that was read as JSON. @param cause why it is none. */
export function notJson(cause: unknown): HttpError {
  return new HttpError(400, 'The request content is not valid JSON', { cause, code: 'JSON_INVALID' })
}

/** Content that was read as a form. @param type its Content-Type. */
function notForm(type: string | null, cause: unknown): HttpError {
  if (type !== null && /^multipart\/form-data[ \t]*(?:;|$)/i.test(type))
    return new HttpError(400, 'The request content is not a valid form', { cause, code: 'MULTIPART_INVALID' })
  const error = new HttpError(415, 'The request content is not a form', { cause, code: 'TYPE_UNSUPPORTED' })
  error.headers.set('Accept', 'multipart/form-data, application/x-www-form-urlencoded')
  return error
}

/** An error of the class that programs made for fetch expect, which is an answer all the same. */
function asIn(fetchClass: ErrorConstructor, { message, cause, status, code, expose, headers }: HttpError): Error {
  return Object.assign(new fetchClass(message, { cause }), { status, code, expose, headers })
}

/** Reads a request as JSON. Of all that fails there, only the content is a SyntaxError. */
export async function readJson(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read()
  } catch (error) {
    throw isInstance(error, SyntaxError) ? asIn(SyntaxError, notJson(error)) : error
  }
}

/**
 * Reads a request as a form. What is thrown has no class in common in all runtimes; but that the request cannot be read any more, which is
 * the fault of the handler, is known before, and content that is too large or cut has an answer of its own.
 */
export async function readForm(read: () => Promise<unknown>, request: Request): Promise<unknown> {
  const isReadable = !request.bodyUsed && !request.body?.locked
  try {
    return await read()
  } catch (error) {
    const isMalformed = isReadable && !abortedIn(error) && errorFacts(error).made === undefined
    throw isMalformed ? asIn(TypeError, notForm(request.headers.get('content-type'), error)) : error
  }
}
