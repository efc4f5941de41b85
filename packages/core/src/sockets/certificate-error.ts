// Says which option is wrong with a certificate, where OpenSSL says only what it could not do.
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { isBytes } from '../exchange/source.ts'
import type { Pem, PemCertificate, PfxCertificate } from '../server/listen-options.ts'

type Given = Partial<PemCertificate & PfxCertificate>

/**
 * The error with which a certificate was refused, which begins with what is wrong now, and whose stack leads to whoever gave it.
 * @param where the name of the option: `tls`, or `tls.sni["example.org"]`.
 */
export function explained(error: unknown, given: Given, where: string): unknown {
  if (!(error instanceof Error)) return error
  const wrong = wrongWith(given, where)
  if (wrong !== undefined) error.message = `${wrong} (${error.message})`
  Error.captureStackTrace(error, explained)
  return error
}

/** Undefined when nothing is wrong with certificate and key. */
function wrongWith({ cert, key, pfx, passphrase }: Given, where: string): string | undefined {
  const opened = passphrase === undefined ? `needs \`${where}.passphrase\`` : `is not opened by \`${where}.passphrase\``
  if (pfx) {
    const isRead = attempt(() => createSecureContext({ pfx: Buffer.from(pfx), passphrase })) !== undefined
    return isRead ? undefined : `\`${where}.pfx\` is not a PKCS #12 file, or ${opened}`
  }
  const certificates = list(cert)
  const keys = list(key)
  if (certificates.length !== keys.length) return `\`${where}.key\` does not have the same length as \`${where}.cert\``
  for (const [i, each] of certificates.entries()) {
    const certificate = isPem(each) ? attempt(() => new X509Certificate(each)) : undefined
    if (!certificate) return `\`${where}.cert\` is not a certificate in PEM${meant(each)}`
    const own = keys[i]!
    const privateKey = attempt(() => createPrivateKey({ key: Buffer.from(own), passphrase }))
    if (!privateKey && isEncrypted(own)) return `\`${where}.key\` is encrypted and ${opened}`
    if (!privateKey) return `\`${where}.key\` is not a private key in PEM${meant(own)}`
    if (!certificate.checkPrivateKey(privateKey)) return `\`${where}.key\` is not the key of \`${where}.cert\``
  }
  return undefined
}

function list(pem: Pem | readonly Pem[] | undefined): readonly Pem[] {
  if (pem === undefined) return []
  return typeof pem === 'string' || isBytes(pem) ? [pem] : pem
}

function textOf(pem: Pem): string {
  return typeof pem === 'string' ? pem : Buffer.from(pem).toString('latin1')
}

function isPem(pem: Pem): boolean {
  return textOf(pem).includes('-----BEGIN ')
}

function isEncrypted(pem: Pem): boolean {
  return textOf(pem).includes('ENCRYPTED')
}

/** What was probably meant. Shows nothing that could be a part of a key. */
function meant(pem: Pem): string {
  const text = textOf(pem)
  // Base64 has no dots.
  if (/^[\w./\\:-]{1,200}\.\w{2,4}$/.test(text))
    return `: ${JSON.stringify(text)} seems to be the name of a file, whose content is wanted: readFileSync(${JSON.stringify(text)})`
  if (text.includes(String.raw`\n`))
    return String.raw`: its lines end in "\n" as two characters, in place of a line feed`
  if (typeof pem !== 'string' && !isPem(pem)) return ': it is in DER, perhaps'
  return ''
}

/** Undefined when it throws. */
function attempt<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
