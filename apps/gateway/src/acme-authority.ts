// The client of an ACME server (RFC 8555), a certificate authority.
import { createHash } from 'node:crypto'
import type { Authorization, Client } from 'acme-client'
import acme from 'acme-client'
import type { AcmeStore } from './acme-store.ts'
import type { CertificateAndKey } from './certificates.ts'
import type { AcmeConfig, ChallengeType } from './config.ts'

/** Milliseconds to wait for an authority. */
const patience = { request: 30_000, backoffAttempts: 12, backoffMin: 1000, backoffMax: 10_000 }

/** The authority asks to try again later. */
export class AskLater extends Error {
  override readonly name: string = 'AskLater'
  /** Milliseconds. */
  readonly wait: number

  constructor(message: string, wait: number) {
    super(message)
    this.wait = wait
  }
}

/** Asks for certificates. */
export class Authority {
  readonly #config: AcmeConfig
  readonly #store: AcmeStore
  #client: Client | undefined

  constructor(config: AcmeConfig, store: AcmeStore) {
    this.#config = config
    this.#store = store
    prepare()
  }

  /**
   * A certificate for a host, with a key of its own.
   * @throws AskLater when the authority says when; an Error with what it said when it does not.
   */
  async certificate(host: string, type: ChallengeType): Promise<CertificateAndKey> {
    try {
      const client = await this.#registered()
      const order = await client.createOrder({ identifiers: [{ type: 'dns', value: host }] })
      for (const authorization of await client.getAuthorizations(order))
        if (authorization.status !== 'valid') await this.#prove(client, authorization, host, type)
      await client.waitForValidStatus(order)
      const [key, request] = await acme.crypto.createCsr(
        { altNames: [host] },
        await acme.crypto.createPrivateEcdsaKey(),
      )
      const cert = await client.getCertificate(await client.finalizeOrder(order, request))
      return { cert: Buffer.from(cert), key }
    } catch (error) {
      // It may have deleted our account: the next time we register again.
      this.#client = undefined
      throw error
    }
  }

  /** Finds our account, or registers one, which agrees to the authority's terms (RFC 8555 §7.3). */
  async #registered(): Promise<Client> {
    if (this.#client) return this.#client
    const { directory, contact, externalAccount } = this.#config
    const directoryUrl = urlOf(directory)
    const client = new acme.Client({
      directoryUrl,
      accountKey: await this.#accountKey(directoryUrl),
      ...patience,
      ...(externalAccount && { externalAccountBinding: { kid: externalAccount.id, hmacKey: externalAccount.key } }),
    })
    await client.createAccount({
      termsOfServiceAgreed: true,
      ...(contact !== undefined && { contact: [`mailto:${contact}`] }),
    })
    return (this.#client = client)
  }

  async #accountKey(directory: string): Promise<string> {
    const name = createHash('sha256').update(directory).digest('hex').slice(0, 16)
    const known = this.#store.accountKey(name)
    if (known !== undefined) return known
    const key = String(await acme.crypto.createPrivateEcdsaKey())
    this.#store.keepAccountKey(name, key)
    return key
  }

  /** Proves control of the name by the given type of challenge (RFC 8555 §8). */
  async #prove(client: Client, authorization: Authorization, host: string, type: ChallengeType): Promise<void> {
    const challenge = authorization.challenges.find((one) => one.type === type)
    if (!challenge) throw new Error(`The authority does not offer ${type}`)
    const answer = await client.getChallengeKeyAuthorization(challenge)
    const remove =
      type === 'http-01'
        ? this.#store.keepAnswer(challenge.token, answer)
        : this.#store.keepProof(host, await proofOf(authorization, answer))
    try {
      await client.completeChallenge(challenge)
      await client.waitForValidStatus(challenge)
    } finally {
      remove()
    }
  }
}

async function proofOf(authorization: Authorization, answer: string): Promise<CertificateAndKey> {
  const [key, cert] = await acme.crypto.createAlpnCertificate(
    authorization,
    answer,
    await acme.crypto.createPrivateEcdsaKey(),
  )
  return { cert, key }
}

/** The directory URLs of authorities, by their short names. */
export function urlOf(directory: string): string {
  if (directory === 'letsencrypt') return acme.directory.letsencrypt.production
  return directory === 'letsencrypt-staging' ? acme.directory.letsencrypt.staging : directory
}

let isPrepared = false

/**
 * The library has one HTTP client for all accounts. It must have a time limit, and must not repeat by itself what an authority has refused:
 * we decide how often an authority is asked.
 */
function prepare(): void {
  if (isPrepared) return
  isPrepared = true
  const { defaults, interceptors } = acme.axios
  defaults.timeout = patience.request
  Object.assign(defaults, { acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 1 } })
  interceptors.response.use((response) => {
    const { status, headers, data } = response as { status: number; headers: Record<string, unknown>; data: unknown }
    if (status !== 429 && status !== 503) return response
    const { detail } = (data ?? {}) as { detail?: unknown }
    const said = typeof detail === 'string' ? detail : `the authority answered ${status}`
    throw new AskLater(said, waitOf(headers['retry-after']))
  })
}

/** Milliseconds of a Retry-After: seconds, or a date (RFC 9110 §10.2.3). */
function waitOf(value: unknown): number {
  const text = typeof value === 'string' ? value : ''
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(wait) && wait > 0 ? wait : 0
}
