import { X509Certificate } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { ownAddresses } from './addresses.ts'
import { type Settings, UsageError } from './options.ts'

/** PEM text. */
export interface CertificateAndKey {
  readonly cert: string
  readonly key: string
}

const day = 24 * 60 * 60 * 1000
/** Browsers refuse certificates that are valid for longer than 398 days. */
const validDays = 365
/** Made anew when less than this is left, so that it does not end in the middle of a day's work. */
const leftDays = 7

/** The certificate the user named, or one made for development, which is kept so that a browser's exception for it holds. */
export async function certificateFor({ cert, key }: Settings): Promise<CertificateAndKey> {
  if (cert !== undefined && key !== undefined) return { cert: readPem('--cert', cert), key: readPem('--key', key) }
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spillway')
  const names = ownNames()
  const kept = readKept(folder, names)
  if (kept) return kept
  const made = await make(names)
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(join(folder, 'cert.pem'), made.cert)
    writeFileSync(join(folder, 'key.pem'), made.key, { mode: 0o600 })
    chmodSync(join(folder, 'key.pem'), 0o600)
  } catch {
    // Nowhere to keep it: the next start makes another.
  }
  return made
}

function readPem(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${flag}: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`, { cause: error })
  }
}

/** Addresses by which this machine is reached. */
function ownNames(): string[] {
  return [
    ...new Set(
      ownAddresses()
        .filter(({ address }) => !address.includes('%'))
        .map(({ address }) => address),
    ),
  ]
}

function readKept(folder: string, names: readonly string[]): CertificateAndKey | undefined {
  try {
    const cert = readFileSync(join(folder, 'cert.pem'), 'utf8')
    const parsed = new X509Certificate(cert)
    const left = new Date(parsed.validTo).getTime() - Date.now()
    if (left < leftDays * day || !names.every((name) => parsed.checkIP(name) !== undefined)) return undefined
    return { cert, key: readFileSync(join(folder, 'key.pem'), 'utf8') }
  } catch {
    return undefined
  }
}

async function make(names: readonly string[]): Promise<CertificateAndKey> {
  const { generate } = await import('selfsigned')
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    algorithm: 'sha256',
    keyType: 'ec',
    curve: 'P-256',
    notAfterDate: new Date(Date.now() + validDays * day),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [{ type: 2, value: 'localhost' }, ...names.map((ip) => ({ type: 7 as const, ip }))],
      },
    ],
  })
  return { cert, key }
}
