// Self-signed certificates.
import { isIP } from 'node:net'

/** PEM text. */
export interface CertificateAndKey {
  readonly cert: string
  readonly key: string
}

const day = 24 * 60 * 60 * 1000
/** Browsers refuse certificates that are valid for longer than 398 days. */
const validDays = 365

/** A self-signed certificate: browsers warn, and ask whether to trust it. */
export async function makeSelfSigned(names: readonly string[]): Promise<CertificateAndKey> {
  const { generate } = await import('selfsigned')
  const altNames = names.map((name) =>
    isIP(name) ? { type: 7 as const, ip: name } : { type: 2 as const, value: name },
  )
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    algorithm: 'sha256',
    keyType: 'ec',
    curve: 'P-256',
    notAfterDate: new Date(Date.now() + validDays * day),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames },
    ],
  })
  return { cert, key }
}
