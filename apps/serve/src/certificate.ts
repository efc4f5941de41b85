// The certificate to serve with.
import { X509Certificate } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { UsageError } from '@spillway/command-line'
import { ownAddresses } from './addresses.ts'
import { localAuthority, makeByMkcert } from './mkcert.ts'
import type { Settings } from './options.ts'
import { type CertificateAndKey, makeSelfSigned } from './self-signed.ts'

/** A certificate to serve with, and where it is from. */
export interface Certificate extends CertificateAndKey {
  readonly from: 'user' | 'mkcert' | 'self'
}

/** Renewed when less than this is left, so that it does not expire in the middle of a day's work. */
const leastLeft = 7 * 24 * 60 * 60 * 1000

/**
 * The certificate that the user named; or one by the local authority of mkcert, which browsers trust; or a self-signed one. Made
 * certificates are kept, so that a browser's exception for one stays valid.
 */
export async function certificateFor({ cert, key, host }: Settings): Promise<Certificate> {
  if (cert !== undefined && key !== undefined)
    return { cert: readPem('--cert', cert), key: readPem('--key', key), from: 'user' }
  const names = ownNames(host)
  const authority = await localAuthority()
  if (authority) {
    const found = readKept('mkcert', names, authority) ?? keep('mkcert', await makeByMkcert(names))
    if (found) return { ...found, from: 'mkcert' }
  }
  const own = readKept('self-signed', names) ?? keep('self-signed', await makeSelfSigned(names))
  return { ...own, from: 'self' }
}

function readPem(flag: string, file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new UsageError(`${flag}: cannot read ${file} (${(error as NodeJS.ErrnoException).code})`, { cause: error })
  }
}

/** Names and addresses at which this machine is reached. */
function ownNames(host: string | undefined): string[] {
  const addresses = ownAddresses().map(({ address }) => address)
  const name = host !== undefined && /^\w[\w.-]*$/.test(host) ? [host] : []
  return [...new Set(['localhost', ...name, ...addresses.filter((address) => !address.includes('%'))])]
}

function fileOf(kind: string): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'spillway', `${kind}.pem`)
}

/** @param authority the authority that must have signed it. */
function readKept(kind: string, names: readonly string[], authority?: X509Certificate): CertificateAndKey | undefined {
  try {
    const [cert = '', key = ''] = readFileSync(fileOf(kind), 'utf8').split(/(?<=-----END CERTIFICATE-----\s)/)
    const parsed = new X509Certificate(cert)
    const isFor = (name: string): boolean => (isIP(name) ? parsed.checkIP(name) : parsed.checkHost(name)) !== undefined
    const left = new Date(parsed.validTo).getTime() - Date.now()
    if (left < leastLeft || !names.every(isFor)) return undefined
    return !authority || parsed.verify(authority.publicKey) ? { cert, key } : undefined
  } catch {
    return undefined
  }
}

/** Certificate and key are written into one file in one step, so that a program that starts meanwhile finds both or neither. */
function keep<T extends CertificateAndKey | undefined>(kind: string, made: T): T {
  if (!made) return made
  const file = fileOf(kind)
  const draft = `${file}.${process.pid}`
  try {
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 })
    writeFileSync(draft, `${made.cert.trimEnd()}\n${made.key}`, { mode: 0o600 })
    renameSync(draft, file)
  } catch {
    // It cannot be kept: the next start makes another.
  }
  return made
}
