// Recognizes other protocols that arrive on an HTTP port.

/** The first bytes of a PROXY protocol header, version 2. */
const proxySignature = '\r\n\r\n\0\r\nQUIT\n'

/** Names the protocol that begins with these bytes, if it is one that is often mistaken for HTTP. */
export function otherProtocol(bytes: Uint8Array): string | undefined {
  const [type, major, , , , handshake] = bytes
  // A TLS record with a ClientHello or a ServerHello (RFC 8446 §5.1 and §4).
  if (type === 22 && major === 3 && (handshake === 1 || handshake === 2))
    return 'This is TLS: someone speaks https to an http port.'
  if (type === 21 && major === 3) return 'This is an alert of TLS: someone speaks https to an http port.'
  const text = String.fromCharCode(...bytes.subarray(0, proxySignature.length))
  if (text === proxySignature || text.startsWith('PROXY TCP') || text.startsWith('PROXY UNKNOWN'))
    return 'This is the PROXY protocol: the server has to be told that a balancer is in front of it.'
  if (text.startsWith('SSH-')) return 'This is SSH.'
  return undefined
}
