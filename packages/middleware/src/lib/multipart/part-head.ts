import { parseParameters } from '@spillway/parser/fields'
import { isFieldName, isFieldValue } from '@spillway/parser/serialize'
import { type MediaType, parseMediaType } from '../http/media-type.ts'
import { trimBlanks } from '../http/trim-blanks.ts'
import { malformed } from './part-reader.ts'

/** What the head of a part says (RFC 7578 §4). */
export interface PartHead {
  readonly name: string
  /** Undefined for a field that is no file. */
  readonly filename: string | undefined
  readonly type: MediaType | undefined
}

/**
 * Reads the field lines of a part. Anything doubtful is refused, for what one reader drops another may see.
 * @throws ProblemError 400 for a line that is none, for a part without a name, and for content that would have to be decoded.
 */
export function readPartHead(lines: readonly string[]): PartHead {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon)).toLowerCase()
    const value = trimBlanks(line.slice(colon + 1))
    if (!isFieldName(name) || !isFieldValue(value)) throw malformed('The head of a part is malformed')
    if (fields.has(name)) throw malformed(`The head of a part has two fields ${name}`)
    fields.set(name, value)
  }
  const disposition = parseParameters(fields.get('content-disposition') ?? '')
  const name = disposition?.parameters.get('name')
  if (disposition?.value.toLowerCase() !== 'form-data' || name === undefined) throw malformed('A part has no name')
  const filename = disposition.parameters.get('filename')
  // No form has it alone (RFC 7578 §4.2): a file for one reader would be a field for another.
  if (filename === undefined && disposition.parameters.has('filename*')) throw malformed('A part has no plain filename')
  // Nobody sends it any more (§4.7), and coded content must not pass for the content itself.
  if (!/^(?:7bit|8bit|binary|)$/i.test(fields.get('content-transfer-encoding') ?? ''))
    throw malformed('A part has a transfer encoding')
  const type = fields.get('content-type')
  return {
    name: readName(name),
    filename: filename === undefined ? undefined : baseName(readName(filename)),
    type: (type === undefined ? undefined : parseMediaType(type)) ?? undefined,
  }
}

/** Browsers send UTF-8 as it is, and `%22` for a quote (RFC 7578 §4.2, §5.1; HTML Standard, multipart/form-data). */
function readName(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString().replaceAll('%22', '"')
}

/** A name is a hint of what to call the file, never of where to put it (RFC 7578 §4.2). */
function baseName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return name === '.' || name === '..' ? '' : name
}
