import { KeyObject } from 'node:crypto'

/** The least bytes of a secret (RFC 7518 §3.2) and the least bits of an RSA key (§3.3). */
const secretBytes = 32
const modulusBits = 2048

/** The kind of key that each family of algorithms needs. Families that are not listed are left to `jose`. */
const families: readonly (readonly [algorithms: RegExp, kind: string])[] = [
  [/^HS(?:256|384|512)$/, 'secret'],
  [/^[RP]S\d+$/, 'rsa'],
  [/^ES\d+$/, 'ec'],
  [/^(?:EdDSA|Ed25519)$/, 'ed25519'],
]

/** What is known about a key. */
interface KeyFacts {
  /** `secret`, or the type of the public key. */
  readonly kind: string
  readonly bytes?: number | undefined
  readonly modulusBits?: number | undefined
}

/**
 * Checks that a key is strong enough, and that every algorithm fits keys of its kind. If one did not, a token that names it would
 * cause an error in the application or, worse, have its public key used as a secret (RFC 8725 §3.1, §3.5).
 * @throws TypeError when the check fails.
 */
export function checkKey(key: object, algorithms: readonly string[]): void {
  const { kind, bytes, modulusBits: bits } = factsOf(key)
  if (kind === 'secret' && bytes !== undefined && bytes < secretBytes)
    throw new TypeError(`A secret has at least ${secretBytes} bytes`)
  if (bits !== undefined && bits < modulusBits) throw new TypeError(`An RSA key has at least ${modulusBits} bits`)
  for (const algorithm of algorithms) {
    const wanted = families.find(([names]) => names.test(algorithm))?.[1]
    const isOther = wanted === undefined ? kind === 'secret' || algorithm === 'none' : kind !== '' && wanted !== kind
    if (isOther)
      throw new TypeError(`The algorithm ${algorithm} does not fit this key, which is ${kind || 'of another kind'}`)
  }
}

function factsOf(key: object): KeyFacts {
  if (key instanceof Uint8Array) return { kind: 'secret', bytes: key.length }
  if (key instanceof KeyObject)
    return key.type === 'secret'
      ? { kind: 'secret', bytes: key.symmetricKeySize }
      : {
          kind: (key.asymmetricKeyType ?? '').replace(/^rsa-pss$/, 'rsa'),
          modulusBits: key.asymmetricKeyDetails?.modulusLength,
        }
  const { algorithm, kty, k } = key as { algorithm?: KeyAlgorithm; kty?: unknown; k?: unknown }
  // A JWK, which jose accepts as well.
  if (kty === 'oct' && typeof k === 'string') return { kind: 'secret', bytes: Buffer.from(k, 'base64url').length }
  if (algorithm === undefined) return { kind: '' }
  const { name, length, modulusLength } = algorithm
  if (name === 'HMAC') return { kind: 'secret', bytes: length === undefined ? undefined : length / 8 }
  return { kind: kindOf(name), modulusBits: modulusLength }
}

/** What WebCrypto tells about a key. */
interface KeyAlgorithm {
  readonly name: string
  readonly length?: number
  readonly modulusLength?: number
}

function kindOf(name: string): string {
  if (name.startsWith('RSA')) return 'rsa'
  return name === 'ECDSA' ? 'ec' : name === 'Ed25519' ? 'ed25519' : ''
}
