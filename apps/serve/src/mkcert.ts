// Certificates from mkcert.
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CertificateAndKey } from './self-signed.ts'

/** Milliseconds for one call; it takes a fraction of a second. */
const patience = 10_000

/**
 * The local authority of mkcert, which this machine's browsers trust. Undefined when mkcert is not installed, or `mkcert -install` was
 * never run: that is up to the user, because it changes what the machine trusts.
 */
export async function localAuthority(): Promise<X509Certificate | undefined> {
  try {
    const folder = (await mkcert('-CAROOT')).trim()
    return new X509Certificate(readFileSync(join(folder, 'rootCA.pem')))
  } catch {
    return undefined
  }
}

/** A certificate by that authority for these names and addresses; undefined when mkcert fails. */
export async function makeByMkcert(names: readonly string[]): Promise<CertificateAndKey | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-'))
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  try {
    await mkcert('-cert-file', certFile, '-key-file', keyFile, ...names)
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  } catch {
    return undefined
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function mkcert(...args: string[]): Promise<string> {
  return (await promisify(execFile)('mkcert', args, { timeout: patience })).stdout
}
