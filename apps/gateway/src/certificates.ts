// The certificates of a configuration.
import { X509Certificate, createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { acmeHosts } from './acme.ts'
import { AcmeStore } from './acme-store.ts'
import { type CertificateFiles, type Config, ConfigError, type Problem } from './config.ts'

/** In the form that core takes. */
export interface CertificateAndKey {
  readonly cert: Buffer
  readonly key: Buffer
}

/** The certificates of a configuration: of its listeners, and by the names of its hosts. */
export class Certificates {
  readonly #own: readonly (CertificateAndKey | undefined)[]
  readonly #byName: ReadonlyMap<string, CertificateAndKey>
  /** Those from an authority, by host name. */
  readonly #asked: ReadonlyMap<string, () => CertificateAndKey | undefined>

  /** @throws ConfigError when one cannot be read, is invalid, or does not match its key. */
  constructor(config: Config) {
    const { listen, hosts = {}, acme } = config
    this.#own = listen.map(({ tls }, i) => (typeof tls === 'object' ? read(['listen', i, 'tls'], tls) : undefined))
    const named = Object.entries(hosts).flatMap(([name, { tls }]): [string, CertificateAndKey][] =>
      typeof tls === 'object' ? [[name.toLowerCase(), read(['hosts', name, 'tls'], tls)]] : [],
    )
    this.#byName = new Map(named)
    const store = acme && new AcmeStore(acme.folder)
    this.#asked = new Map(acmeHosts(config).map((name) => [name, () => store?.certificate(name)]))
  }

  /** For clients without server_name: the listener's own, or the first host's that is in a file; without one they are refused. */
  ownOf(listener: number): CertificateAndKey | undefined {
    return this.#own[listener] ?? [...this.#byName.values()][0]
  }

  /**
   * For clients that send server_name: the host's own, or that of a wildcard, or the listener's.
   * @throws Error when there is none: the handshake fails, because a client would refuse a certificate for another name
   */
  named(listener: number, name: string): CertificateAndKey {
    const known = name.toLowerCase()
    const asked = this.#asked.get(known)
    if (asked) return asked() ?? missing(name)
    const found = this.#byName.get(known) ?? this.#byName.get(known.replace(/^[^.]+/, '*')) ?? this.#own[listener]
    return found ?? missing(name)
  }

  get areSeveral(): boolean {
    return this.#own.filter((own) => own !== undefined).length + this.#byName.size + this.#asked.size > 1
  }

  /** Whether the certificate for one server_name is also valid for another host, or is used for both. */
  cover(named: string, host: string): boolean {
    const shown = this.#shown(named)
    const others = this.#shown(host)
    return shown.some(
      ({ cert }) => others.some((other) => other.cert.equals(cert)) || x509(cert).checkHost(host) !== undefined,
    )
  }

  /** The certificate of a host, or else those of the listeners. */
  #shown(host: string): readonly CertificateAndKey[] {
    const asked = this.#asked.get(host)
    const found = asked ? asked() : (this.#byName.get(host) ?? this.#byName.get(host.replace(/^[^.]+/, '*')))
    return found ? [found] : asked ? [] : this.#own.filter((own) => own !== undefined)
  }

  /** When each certificate expires, by host name, or by its listener's place in the configuration; 0 for one that does not exist yet. */
  ends(): readonly { readonly of: string; readonly seconds: number }[] {
    const all: [string, CertificateAndKey | undefined][] = [
      ...this.#own.flatMap((own, i): [string, CertificateAndKey][] => (own ? [[`listen[${i}]`, own]] : [])),
      ...this.#byName,
      ...[...this.#asked].map(([name, asked]): [string, CertificateAndKey | undefined] => [name, asked()]),
    ]
    return all.map(([of, there]) => ({ of, seconds: there ? endOf(there) : 0 }))
  }
}

/** Seconds since 1970. */
function endOf({ cert }: CertificateAndKey): number {
  return Date.parse(x509(cert).validTo) / 1000
}

const parsedOnes = new WeakMap<Buffer, X509Certificate>()

function x509(cert: Buffer): X509Certificate {
  let known = parsedOnes.get(cert)
  if (!known) parsedOnes.set(cert, (known = new X509Certificate(cert)))
  return known
}

function missing(name: string): never {
  throw new Error(`There is no certificate for ${JSON.stringify(name)}`)
}

function read(place: Problem['place'], files: CertificateFiles): CertificateAndKey {
  const cert = readPem([...place, 'cert'], files.cert)
  const key = readPem([...place, 'key'], files.key)
  const certificate = parsed([...place, 'cert'], files.cert, () => new X509Certificate(cert))
  const secret = parsed([...place, 'key'], files.key, () => createPrivateKey(key))
  if (!certificate.checkPrivateKey(secret))
    throw ConfigError.at([...place, 'key'], `${files.key} is not the key of ${files.cert}`)
  return { cert, key }
}

function readPem(place: Problem['place'], file: string): Buffer {
  try {
    return readFileSync(file)
  } catch (error) {
    throw ConfigError.at(place, `${file} cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
}

function parsed<T>(place: Problem['place'], file: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw ConfigError.at(place, `${file} does not hold the expected PEM (${(error as Error).message})`)
  }
}
