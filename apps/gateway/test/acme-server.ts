// A small authority that speaks ACME (RFC 8555), and asks to see names as the large ones do.
import { type JsonWebKey, createHash, createPublicKey, randomBytes, verify } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { onTestFinished } from 'vitest'
import { type TestAuthority, makeAuthority } from '../../../packages/core/test/certificates.ts'

type Type = 'http-01' | 'tls-alpn-01'

interface Order {
  readonly id: string
  readonly host: string
  readonly token: string
  status: 'pending' | 'ready' | 'valid' | 'invalid'
  /** How the last challenge went. */
  challenge: 'pending' | 'processing' | 'valid' | 'invalid'
  error: string | undefined
  certificate: string | undefined
}

interface Problem {
  readonly status: number
  readonly type: string
  readonly detail: string
  readonly retryAfter?: string
}

/** What is signed (RFC 7515). */
interface Signed {
  readonly url: string
  readonly nonce: string
  readonly alg: string
  readonly jwk?: JsonWebKey
  readonly kid?: string
}

export class AcmeServer {
  readonly authority: TestAuthority = makeAuthority('ACME')
  url = ''
  /** Where names are looked at, in place of 80 and 443. */
  ports: Readonly<Record<Type, number>> = { 'http-01': 0, 'tls-alpn-01': 0 }
  offers: readonly Type[] = ['http-01', 'tls-alpn-01']
  /** What the next order is answered. */
  refusal: Problem | undefined
  /** Days for which certificates are valid. */
  days = 90
  /** Questions for a challenge that are answered `processing` first. */
  slow = 0
  /** Certificates are for this name, whatever was asked for. */
  readonly orders: Order[] = []
  /** What was looked at, and how. */
  readonly checks: Type[] = []
  readonly accounts: Map<string, { readonly key: JsonWebKey; readonly payload: Record<string, unknown> }> = new Map()
  readonly #nonces = new Set<string>()

  static async start(): Promise<AcmeServer> {
    const made = new AcmeServer()
    const server = createServer((request, response) => void made.#serve(request, response))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    made.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
      made.authority.remove()
    })
    return made
  }

  get directory(): string {
    return `${this.url}/directory`
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('Replay-Nonce', this.#nonce())
    let body = ''
    for await (const chunk of request) body += String(chunk)
    try {
      const path = request.url!
      if (path === '/directory') return send(response, 200, this.#directory())
      if (path === '/nonce') return send(response, 200)
      await this.#answer(path, this.#open(path, body), response)
    } catch (error) {
      const known = 'detail' in (error as object)
      const { status, type, detail, retryAfter } = known
        ? (error as Problem)
        : problem(500, 'serverInternal', String(error))
      if (retryAfter !== undefined) response.setHeader('Retry-After', retryAfter)
      send(response, status, { type: `urn:ietf:params:acme:error:${type}`, detail })
    }
  }

  #directory(): object {
    const { url } = this
    return { newNonce: `${url}/nonce`, newAccount: `${url}/account`, newOrder: `${url}/order`, meta: {} }
  }

  #nonce(): string {
    const nonce = randomBytes(12).toString('base64url')
    this.#nonces.add(nonce)
    return nonce
  }

  /** What was signed by whoever it should be (RFC 8555 §6.2). */
  #open(path: string, body: string): { readonly head: Signed; readonly payload: Record<string, unknown> } {
    const { protected: sealed, payload, signature } = JSON.parse(body) as Record<string, string>
    const head = decoded(sealed!) as unknown as Signed
    if (!this.#nonces.delete(head.nonce)) throw problem(400, 'badNonce', 'That nonce is not ours')
    if (head.url !== this.url + path) throw problem(403, 'unauthorized', 'That was for another URL')
    const isNew = path === '/account'
    const key = isNew ? head.jwk : this.accounts.get(head.kid ?? '')?.key
    if (!key) throw problem(400, 'accountDoesNotExist', 'Nobody is known by this name')
    const of = createPublicKey({ key, format: 'jwk' })
    const bytes = Buffer.from(`${sealed}.${payload}`)
    if (head.alg !== 'ES256') throw problem(400, 'badSignatureAlgorithm', 'ES256 only')
    if (!verify('sha256', bytes, { key: of, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature!, 'base64url')))
      throw problem(403, 'malformed', 'The signature is wrong')
    return { head, payload: payload === '' ? {} : decoded(payload!) }
  }

  async #answer(
    path: string,
    { head, payload }: { readonly head: Signed; readonly payload: Record<string, unknown> },
    response: ServerResponse,
  ): Promise<void> {
    const [, what = '', id = ''] = path.split('/')
    if (what === 'account' && id === '') return this.#account(head.jwk!, payload, response)
    if (what === 'account') return send(response, 200, { status: 'valid' })
    if (what === 'order' && id === '') return this.#order(payload, response)
    const order = this.orders.find((one) => one.id === id)
    if (!order) throw problem(404, 'malformed', `There is no ${path}`)
    if (what === 'certificate') {
      response.setHeader('Content-Type', 'application/pem-certificate-chain')
      response.end(order.certificate)
      return
    }
    if (what === 'challenge') {
      await this.#challenge(order, path.split('/')[3] as Type, payload, this.accounts.get(head.kid!)!.key)
      return send(response, 200, this.#challengeOf(order, path.split('/')[3] as Type))
    }
    if (what === 'finalize') this.#finalize(order, payload)
    if (what === 'authorization') return send(response, 200, this.#authorizationOf(order))
    send(response, 200, this.#orderOf(order))
  }

  #account(key: JsonWebKey, payload: Record<string, unknown>, response: ServerResponse): void {
    const kid = `${this.url}/account/${createHash('sha256').update(JSON.stringify(key)).digest('hex')}`
    const isKnown = this.accounts.has(kid)
    if (!isKnown && payload['termsOfServiceAgreed'] !== true) throw problem(403, 'userActionRequired', 'Agree first')
    if (!isKnown) this.accounts.set(kid, { key, payload })
    response.setHeader('Location', kid)
    send(response, isKnown ? 200 : 201, { status: 'valid' })
  }

  #order(payload: Record<string, unknown>, response: ServerResponse): void {
    const [{ value: host }] = payload['identifiers'] as [{ value: string }]
    const order: Order = {
      id: randomBytes(6).toString('hex'),
      host,
      token: randomBytes(16).toString('base64url'),
      status: 'pending',
      challenge: 'pending',
      error: undefined,
      certificate: undefined,
    }
    this.orders.push(order)
    const { refusal } = this
    if (refusal) throw refusal
    response.setHeader('Location', `${this.url}/order/${order.id}`)
    send(response, 201, this.#orderOf(order))
  }

  #orderOf({ id, host, status, certificate }: Order): object {
    return {
      status,
      identifiers: [{ type: 'dns', value: host }],
      authorizations: [`${this.url}/authorization/${id}`],
      finalize: `${this.url}/finalize/${id}`,
      ...(certificate !== undefined && { certificate: `${this.url}/certificate/${id}` }),
    }
  }

  #authorizationOf(order: Order): object {
    const challenges = this.offers.map((type) => this.#challengeOf(order, type))
    return { status: order.challenge, identifier: { type: 'dns', value: order.host }, challenges }
  }

  #challengeOf({ id, token, challenge, error }: Order, type: Type): object {
    const url = `${this.url}/challenge/${id}/${type}`
    return { type, url, token, status: challenge, ...(error !== undefined && { error: { detail: error } }) }
  }

  /** Looks, when it is told that there is something to see. */
  async #challenge(order: Order, type: Type, payload: Record<string, unknown>, key: JsonWebKey): Promise<void> {
    if (order.challenge === 'processing' && --this.slow < 0) this.#settle(order, 'valid')
    if (order.challenge !== 'pending' || Object.keys(payload).length > 0) return
    const thumbprint = createHash('sha256')
      .update(JSON.stringify({ crv: key['crv'], kty: key['kty'], x: key['x'], y: key['y'] }))
      .digest('base64url')
    const wanted = `${order.token}.${thumbprint}`
    this.checks.push(type)
    const found = await (type === 'http-01' ? this.#http(order) : this.#tls(order, wanted)).catch(String)
    if (found === wanted) return this.#settle(order, this.slow > 0 ? 'processing' : 'valid')
    this.#settle(order, 'invalid', `${type}: ${found}`)
  }

  #settle(order: Order, challenge: Order['challenge'], error?: string): void {
    order.challenge = challenge
    order.error = error
    if (challenge === 'valid') order.status = 'ready'
    if (challenge === 'invalid') order.status = 'invalid'
  }

  /** RFC 8555 §8.3 */
  #http({ host, token }: Order): Promise<string> {
    return new Promise((resolve, reject) => {
      const path = `/.well-known/acme-challenge/${token}`
      get({ port: this.ports['http-01'], path, headers: { host } }, (response) => {
        let text = `${response.statusCode === 200 ? '' : response.statusCode}`
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
        response.on('end', () => resolve(text))
      }).on('error', reject)
    })
  }

  /** RFC 8737 §3 */
  #tls({ host }: Order, wanted: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const at = { port: this.ports['tls-alpn-01'], servername: host, ALPNProtocols: ['acme-tls/1'] }
      const socket = connect({ ...at, rejectUnauthorized: false }, () => {
        const { subjectaltname, raw } = socket.getPeerCertificate()
        // id-pe-acmeIdentifier, critical, with the digest.
        const digest = createHash('sha256').update(wanted).digest('hex')
        const hasProof = raw.toString('hex').includes(`06082b0601050507011f0101ff04220420${digest}`)
        const isRight = socket.alpnProtocol === 'acme-tls/1' && subjectaltname === `DNS:${host}` && hasProof
        resolve(isRight ? wanted : `no proof in the certificate for ${subjectaltname}`)
        socket.destroy()
      }).on('error', reject)
    })
  }

  #finalize(order: Order, payload: Record<string, unknown>): void {
    if (order.status !== 'ready') throw problem(403, 'orderNotReady', 'There is nothing to finalize')
    const der = Buffer.from(String(payload['csr']), 'base64url').toString('base64')
    const lines = der.match(/.{1,64}/g)!
    const pem = ['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----', ''].join('\n')
    order.certificate = this.authority.sign(pem, this.days) + this.authority.ca
    order.status = 'valid'
  }
}

function send(response: ServerResponse, status: number, content?: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(content && JSON.stringify(content))
}

function problem(status: number, type: string, detail: string): Problem {
  return { status, type, detail }
}

function decoded(text: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(text, 'base64url').toString()) as Record<string, unknown>
}
