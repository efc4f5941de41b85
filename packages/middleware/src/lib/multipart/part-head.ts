// The head of a part of a form (RFC 7578 §4).
import { isFieldName, isFieldValue } from '@spillway/parser/serialize'
import { type MediaType, parseMediaType } from '../http/media-type.ts'
import { trimBlanks } from '../http/trim-blanks.ts'
import { type Disposition, readDisposition, readExtended } from './disposition.ts'
import { malformed } from './part-reader.ts'

/** What the head of a part says (RFC 7578 §4). */
export interface PartHead {
  readonly name: string
  /** Undefined for a field that is not a file. */
  readonly filename: string | undefined
  readonly type: MediaType | undefined
}

/**
 * Parses the field lines of a part. Anything doubtful is refused, because another reader may see what one reader drops.
 * @throws ProblemError 400 for a malformed line, for a part without a name, and for content that would have to be decoded.
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
  const disposition = readDisposition(Buffer.from(fields.get('content-disposition') ?? '', 'latin1').toString())
  const name = disposition?.parameters.get('name')
  if (disposition?.kind !== 'form-data' || name === undefined) throw malformed('A part has no name')
  // Nobody sends it any more (§4.7), and encoded content must not pass for the content itself.
  if (!/^(?:7bit|8bit|binary|)$/i.test(fields.get('content-transfer-encoding') ?? ''))
    throw malformed('A part has a transfer encoding')
  const type = fields.get('content-type')
  return {
    name,
    filename: filenameOf(disposition),
    type: (type === undefined ? undefined : parseMediaType(type)) ?? undefined,
  }
}

/**
 * What a client calls its file; undefined for a field that is not a file. Browsers send only the plain form. Clients that send the
 * extended one (RFC 8187), although RFC 7578 §4.2 forbids it, mean that one: the plain one is for readers that cannot decode it.
 */
function filenameOf({ parameters }: Disposition): string | undefined {
  const extended = parameters.get('filename*')
  const name = extended === undefined ? parameters.get('filename') : readExtended(extended)
  if (extended !== undefined && name === undefined) throw malformed('A filename is malformed')
  return name === undefined ? undefined : baseName(name)
}

/**
 * A file name is a suggestion of what to call the file, never of where to put it (RFC 7578 §4.2). A backslash is part of the name,
 * except in names that are Windows paths or lead out of a folder there.
 */
function baseName(path: string): string {
  const isWindows = /^(?:[a-z]:)?\\|^[a-z]:|(?:^|[\\/])\.\.(?:\\|$)/i.test(path)
  const name = path.slice(Math.max(path.lastIndexOf('/'), isWindows ? path.lastIndexOf('\\') : -1) + 1)
  return name === '.' || name === '..' ? '' : name
}
