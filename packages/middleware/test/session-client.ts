/** A browser in a few lines: keeps the cookie, and says what it was told. */
export class Client {
  cookie = ''
  told: string | undefined
  status = 0
  headers: Headers = new Headers()
  readonly #url: string

  constructor(url: string, cookie = '') {
    this.#url = url
    this.cookie = cookie
  }

  /** Another one, with the same cookie. */
  other(cookie: string = this.cookie): Client {
    return new Client(this.#url, cookie)
  }

  async get(path: string): Promise<unknown> {
    const response = await fetch(this.#url + path, { headers: this.cookie ? { cookie: this.cookie } : {} })
    this.headers = response.headers
    this.status = response.status
    this.told = response.headers.getSetCookie()[0]
    if (this.told) this.cookie = this.told.includes('Max-Age=0') ? '' : this.told.slice(0, this.told.indexOf(';'))
    const text = await response.text()
    return text.startsWith('{') ? JSON.parse(text) : text
  }
}
