/** Framing, routing, request modifiers, authentication, response control, and how the content is to be read. */
const notInTrailers =
  /^(age|cache-control|connection|content-(encoding|length|range|type)|(set-)?cookie|date|expect|expires|host|if-.+|keep-alive|location|max-forwards|pragma|(proxy-)?(authorization|connection)|(proxy|www)-authenticate|range|retry-after|te|trailer|transfer-encoding|upgrade|vary|warning)$/i

/** Whether a field may stand in a trailer section: one that means nothing there, or harms, may not. RFC 9110 §6.5.1. */
export function isTrailerField(name: string): boolean {
  return !notInTrailers.test(name)
}
