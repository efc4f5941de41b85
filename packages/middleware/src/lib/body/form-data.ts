// Forms with files (RFC 7578).
import { readOptions } from '@spillway/core/options'
import type { MediaType } from '../http/media-type.ts'
import { boundaryIn } from '../multipart/boundary.ts'
import { multipartRules, parts } from '../multipart/parts.ts'
import type { FormLimits } from './form.ts'

/** The fields and files of a form by name, without a prototype; a name that came more than once has all its values in order. */
export type FormContent = Record<string, string | File | (string | File)[]>

/**
 * Reads a whole form with files (RFC 7578) that is already in memory. A file input without a chosen file is left out.
 * @throws ProblemError 400 when it is malformed, 413 for too many fields or files.
 */
export async function parseFormData(bytes: Uint8Array, type: MediaType, { keys }: FormLimits): Promise<FormContent> {
  const form = Object.create(null) as FormContent
  const limits = readOptions(multipartRules, { fieldBytes: bytes.length, fields: keys })
  for await (const part of parts(once(bytes), boundaryIn(type), limits)) {
    const value =
      part.kind === 'field' ? part.value : new File([await content(part)], part.filename, { type: part.type })
    if (typeof value !== 'string' && value.name === '' && value.size === 0) continue
    const known = form[part.name]
    form[part.name] = known === undefined ? value : [known, value].flat()
  }
  return form
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

async function content(part: { bytes(): Promise<Uint8Array> }): Promise<Uint8Array<ArrayBuffer>> {
  return (await part.bytes()) as Uint8Array<ArrayBuffer>
}
