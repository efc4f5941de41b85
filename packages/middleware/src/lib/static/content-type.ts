import { mimeTable } from './mime-table.ts'

const types: ReadonlyMap<string, string> = /* @__PURE__ */ buildTypes()

function buildTypes(): Map<string, string> {
  const byExtension = new Map<string, string>()
  for (const [type, extensions] of Object.entries(mimeTable))
    for (const extension of extensions.split(' ')) byExtension.set(extension, withCharset(type))
  return byExtension
}

/** Text declares its charset, because the default is uncertain; XML and JSON have their own rules (RFC 7303, RFC 8259). */
function withCharset(type: string): string {
  return type.startsWith('text/') ? `${type}; charset=utf-8` : type
}

/** The Content-Type of a file, by its extension; `application/octet-stream` when that is unknown. */
export function contentType(name: string): string {
  const dot = name.lastIndexOf('.')
  const type = dot < 0 ? undefined : types.get(name.slice(dot + 1).toLowerCase())
  return type ?? 'application/octet-stream'
}
