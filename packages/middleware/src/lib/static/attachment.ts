import type { Reply } from '@spillway/core'

/**
 * Makes browsers save the content of a reply instead of showing it (RFC 6266): `attachment(c.text(csv), 'Größen.csv')`.
 * @param filename the name to save it under, without directories. Default: whatever the browser derives from the URL.
 * @throws TypeError for a name with control characters.
 */
export function attachment(reply: Reply, filename?: string): Reply {
  reply.headers.set('Content-Disposition', filename === undefined ? 'attachment' : `attachment; ${named(filename)}`)
  return reply
}

/** For clients that cannot read the extended form (RFC 8187), a name without non-ASCII and percent characters is sent as well (RFC 6266 §D). */
function named(path: string): string {
  const filename = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  if (/\p{Cc}/u.test(filename)) throw new TypeError(`Not the name of a file: ${JSON.stringify(filename)}`)
  const plain = filename.replace(/[^ !#-$&-[\]-~]/gu, '_')
  const quoted = `filename="${plain}"`
  if (plain === filename) return quoted
  const encoded = encodeURIComponent(filename.toWellFormed?.() ?? filename).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${quoted}; filename*=UTF-8''${encoded}`
}
