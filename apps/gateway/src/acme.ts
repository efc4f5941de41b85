// Certificates by ACME: requested, kept and renewed.
import type { Authority } from './acme-authority.ts'
import { AcmeStore } from './acme-store.ts'
import { type Attempts, nextOrder, ordered, putOff, renewalOf, succeeded } from './acme-times.ts'
import type { AcmeConfig, ChallengeType, Config } from './config.ts'

/** Milliseconds: the longest wait for the next check, because clocks jump and machines sleep; and the shortest. */
const looks = { longest: 3_600_000, shortest: 1000 }

/** What {@link Acme} needs besides the configuration. */
export interface AcmeOptions {
  /** Prints a line for the operator. */
  readonly tell: (line: string) => void
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number
}

// decision 090
/** Requests certificates for hosts whose `tls` is `acme`, and renews them before they expire, one at a time. */
export class Acme {
  readonly #config: AcmeConfig
  readonly #store: AcmeStore
  readonly #tell: (line: string) => void
  readonly #now: () => number
  #challenges: readonly ChallengeType[] = []
  #hosts: readonly string[] = []
  #authority: Authority | undefined
  #timer: NodeJS.Timeout | undefined
  /** Nothing is requested before this time, because the attempt could not be recorded. Milliseconds since 1970. */
  #heldUntil = 0
  #looking: Promise<void> | undefined
  #isClosed = false

  constructor(config: AcmeConfig, { tell, now = Date.now }: AcmeOptions) {
    this.#config = config
    this.#store = new AcmeStore(config.folder)
    this.#tell = tell
    this.#now = now
    this.#store.clear()
  }

  /** Starts, or goes on with another list of hosts. */
  use(config: Config): void {
    this.#hosts = acmeHosts(config)
    this.#challenges = challengesOf(config)
    this.#plan(0)
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Requests the certificates that are due. Resolves when each is there, or has failed. */
  async look(): Promise<void> {
    await (this.#looking ??= this.#lookAt([...this.#hosts]).finally(() => (this.#looking = undefined)))
  }

  async #lookAt(hosts: readonly string[]): Promise<void> {
    for (const host of hosts) if (!this.#isClosed && this.dueOf(host) <= this.#now()) await this.#obtain(host)
  }

  /** When the certificate of a host is requested next. Milliseconds since 1970. */
  dueOf(host: string): number {
    const there = this.#store.certificate(host)
    const renewal = there ? renewalOf(there.x509) : 0
    return Math.max(renewal, nextOrder(this.#store.attempts(host), this.#now()), this.#heldUntil)
  }

  async #obtain(host: string): Promise<void> {
    const before = this.#store.attempts(host)
    const begun = ordered(before, this.#now(), Math.random())
    try {
      this.#store.keepAttempts(host, begun)
    } catch (error) {
      this.#heldUntil = begun.notBefore
      this.#tell(`no certificate is requested, because it could not be kept: ${(error as Error).message}`)
      return
    }
    try {
      // When one type of challenge fails, the other may work.
      await this.#order(host, this.#challenges[before.failures % this.#challenges.length]!)
      this.#store.keepAttempts(host, succeeded(begun))
    } catch (error) {
      this.#failed(host, begun, error as Error)
    }
  }

  async #order(host: string, type: ChallengeType): Promise<void> {
    this.#authority ??= new (await import('./acme-authority.ts')).Authority(this.#config, this.#store)
    this.#store.keepCertificate(host, await this.#authority.certificate(host, type))
    const there = this.#store.certificate(host)
    if (!there) throw new Error('what the authority sent is not a certificate for this name and key')
    const end = new Date(there.x509.validTo).toISOString()
    if (renewalOf(there.x509) <= this.#now()) throw new Error(`what the authority sent ends too soon, at ${end}`)
    this.#tell(`${host} has a certificate until ${end}`)
  }

  #failed(host: string, begun: Attempts, error: Error): void {
    const { wait = 0, message } = error as Error & { readonly wait?: number }
    const after = putOff(begun, this.#now(), wait)
    try {
      this.#store.keepAttempts(host, after)
    } catch {
      // The state written before says nearly the same.
    }
    this.#tell(`no certificate for ${host}: ${message}; the next try is at ${new Date(after.notBefore).toISOString()}`)
  }

  #plan(wait: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed || this.#hosts.length === 0) return
    // The timer alone must not keep the process alive.
    this.#timer = setTimeout(() => void this.#next(), wait).unref()
  }

  async #next(): Promise<void> {
    await this.look()
    const next = Math.min(...this.#hosts.map((host) => this.dueOf(host))) - this.#now()
    this.#plan(Math.max(looks.shortest, Math.min(next, looks.longest)))
  }
}

/** The hosts whose certificates come from an authority. */
export function acmeHosts({ hosts = {} }: Config): string[] {
  return Object.entries(hosts).flatMap(([name, { tls }]) => (tls === 'acme' ? [name.toLowerCase()] : []))
}

/** The types of challenge to use, best first: as configured, or those for which there is a listener. */
function challengesOf({ acme, listen }: Config): readonly ChallengeType[] {
  if (acme?.challenges) return acme.challenges
  const isClear = listen.some(({ tls }) => !tls)
  return isClear ? ['http-01', 'tls-alpn-01'] : ['tls-alpn-01']
}
