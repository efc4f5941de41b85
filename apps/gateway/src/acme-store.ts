// The folder that keeps the state of ACME.
import { X509Certificate, createPrivateKey } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { CertificateAndKey } from './certificates.ts'
import { type Attempts, attemptsOf } from './acme-times.ts'

/** A certificate of the folder. */
export interface KeptCertificate extends CertificateAndKey {
  readonly x509: X509Certificate
}

/** The certificate of a host as last read from the disk, and when. */
interface Seen {
  readonly version: string
  readonly certificate: KeptCertificate | undefined
  /** Milliseconds since 1970. */
  at: number
}

/** Milliseconds for which a file is not read again. */
const believed = 1000

/**
 * The folder that keeps the state of ACME: keys, certificates, past attempts, and the responses to challenges. Several processes share it:
 * one requests certificates, and all of them use them. Files are replaced as a whole, and only their owner may read them.
 */
export class AcmeStore {
  readonly #folder: string
  readonly #seen = new Map<string, Seen>()
  #files = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * The certificate of a host, as it is on the disk. Every handshake asks for it, so it is read at most once a second. One that is for
   * another name or another key counts as missing.
   */
  certificate(host: string): KeptCertificate | undefined {
    const now = Date.now()
    const before = this.#seen.get(host)
    if (before && now - before.at < believed && now >= before.at) return before.certificate
    const file = `${host}.pem`
    const version = this.#version(file)
    if (before?.version === version) {
      before.at = now
      return before.certificate
    }
    const certificate = usable(host, this.#read(file))
    this.#seen.set(host, { version, certificate, at: now })
    return certificate
  }

  keepCertificate(host: string, { cert, key }: CertificateAndKey): void {
    this.#write(`${host}.pem`, `${String(cert).trim()}\n${String(key).trim()}\n`)
    this.#seen.delete(host)
  }

  /** The past attempts for a host. */
  attempts(host: string): Attempts {
    return attemptsOf(this.#read(`${host}.attempts.json`))
  }

  keepAttempts(host: string, attempts: Attempts): void {
    this.#write(`${host}.attempts.json`, `${JSON.stringify(attempts)}\n`)
  }

  /** The key of our account. @param name of the authority. */
  accountKey(name: string): string | undefined {
    return this.#read(`account-${name}.pem`)
  }

  keepAccountKey(name: string, key: string): void {
    this.#write(`account-${name}.pem`, key)
  }

  /** The response to an HTTP challenge, at `/.well-known/acme-challenge/` and this token (RFC 8555 §8.3). */
  answer(token: string): string | undefined {
    return isToken.test(token) ? this.#read(join('challenges', `${token}.txt`)) : undefined
  }

  /** @throws Error for an invalid token. */
  keepAnswer(token: string, text: string): () => void {
    if (!isToken.test(token)) throw new Error('The authority sent an invalid token')
    return this.#keepChallenge(`${token}.txt`, text)
  }

  /** The certificate that answers a TLS-ALPN challenge for a host (RFC 8737). */
  proof(host: string): CertificateAndKey | undefined {
    const pem = /^[\w.-]+$/.test(host) ? this.#read(join('challenges', `${host}.pem`)) : undefined
    return pem === undefined ? undefined : { cert: Buffer.from(pem), key: Buffer.from(pem) }
  }

  keepProof(host: string, { cert, key }: CertificateAndKey): () => void {
    return this.#keepChallenge(`${host}.pem`, `${String(cert)}\n${String(key)}`)
  }

  /** Removes responses to challenges that a process left behind when it ended in the middle of one. */
  clear(): void {
    for (const name of namesIn(join(this.#folder, 'challenges'))) this.#remove(join('challenges', name))
    for (const name of namesIn(this.#folder)) if (name.endsWith('.new')) this.#remove(name)
  }

  #keepChallenge(name: string, text: string): () => void {
    const file = join('challenges', name)
    mkdirSync(join(this.#folder, 'challenges'), { recursive: true, mode: 0o700 })
    this.#write(file, text)
    return () => this.#remove(file)
  }

  #remove(name: string): void {
    try {
      rmSync(join(this.#folder, name), { force: true })
    } catch {
      // Where nothing can be removed, nothing can be written either, and that is reported.
    }
  }

  #read(name: string): string | undefined {
    try {
      return readFileSync(join(this.#folder, name), 'latin1')
    } catch {
      return undefined
    }
  }

  #version(name: string): string {
    try {
      const { mtimeNs, ino } = statSync(join(this.#folder, name), { bigint: true })
      return `${mtimeNs} ${ino}`
    } catch {
      return ''
    }
  }

  #write(name: string, text: string): void {
    const file = join(this.#folder, name)
    const beside = `${file}.${process.pid}-${++this.#files}.new`
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    const opened = openSync(beside, 'wx', 0o600)
    try {
      writeFileSync(opened, text)
      fsyncSync(opened)
      renameSync(beside, file)
    } catch (error) {
      rmSync(beside)
      throw error
    } finally {
      closeSync(opened)
    }
  }
}

/** Tokens are base64url (RFC 8555 §8.1). */
const isToken = /^[\w-]{8,200}$/

function usable(host: string, pem: string | undefined): KeptCertificate | undefined {
  if (pem === undefined) return undefined
  try {
    const x509 = new X509Certificate(pem)
    if (!x509.checkPrivateKey(createPrivateKey(pem)) || x509.checkHost(host) === undefined) return undefined
    const bytes = Buffer.from(pem, 'latin1')
    return { cert: bytes, key: bytes, x509 }
  } catch {
    return undefined
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
