// The folder with what ACME has to remember.
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

/** What a certificate was looked for and when, by the name of its host. */
interface Seen {
  readonly version: string
  readonly certificate: KeptCertificate | undefined
  /** Milliseconds since 1970. */
  at: number
}

/** Milliseconds for which a file is believed to be what it was. */
const believed = 1000

/**
 * The folder with all that ACME has to remember: keys, certificates, what was tried, and what authorities ask to see. Several processes
 * share it: one asks for certificates, all of them show them. A file is replaced as a whole, and only its owner reads it.
 */
export class AcmeStore {
  readonly #folder: string
  readonly #seen = new Map<string, Seen>()
  #files = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  /**
   * The certificate of a host, as it is on the disk: looked at once a second at the most, as it is asked for in each handshake. One that
   * cannot be used, for another name or with another key, is none.
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

  /** What was tried for a host. */
  attempts(host: string): Attempts {
    return attemptsOf(this.#read(`${host}.attempts.json`))
  }

  keepAttempts(host: string, attempts: Attempts): void {
    this.#write(`${host}.attempts.json`, `${JSON.stringify(attempts)}\n`)
  }

  /** The key by which an authority knows us. @param name of the authority. */
  accountKey(name: string): string | undefined {
    return this.#read(`account-${name}.pem`)
  }

  keepAccountKey(name: string, key: string): void {
    this.#write(`account-${name}.pem`, key)
  }

  /** What an authority wants to read at `/.well-known/acme-challenge/` and this token (RFC 8555 §8.3). */
  answer(token: string): string | undefined {
    return isToken.test(token) ? this.#read(join('challenges', `${token}.txt`)) : undefined
  }

  /** @throws Error for a token that is none. */
  keepAnswer(token: string, text: string): () => void {
    if (!isToken.test(token)) throw new Error('The authority sent a token that is none')
    return this.#keepChallenge(`${token}.txt`, text)
  }

  /** The certificate that an authority wants to see for a host (RFC 8737). */
  proof(host: string): CertificateAndKey | undefined {
    const pem = /^[\w.-]+$/.test(host) ? this.#read(join('challenges', `${host}.pem`)) : undefined
    return pem === undefined ? undefined : { cert: Buffer.from(pem), key: Buffer.from(pem) }
  }

  keepProof(host: string, { cert, key }: CertificateAndKey): () => void {
    return this.#keepChallenge(`${host}.pem`, `${String(cert)}\n${String(key)}`)
  }

  /** Takes away what was to be shown when another process ended in the middle of it. */
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
      // Where nothing can be removed, nothing can be kept either, which is told then.
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

/** What a token may be (RFC 8555 §8.1: base64url). */
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
