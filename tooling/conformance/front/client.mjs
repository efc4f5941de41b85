// Sends requests to a front server, each on a connection of its own.
import { request } from 'node:http'
import { request as secureRequest } from 'node:https'

/** Milliseconds to wait for a response or a condition. */
const patience = 10_000

/**
 * @param {{ http: number, https: number }} at
 * @param {string} path sent as it is
 * @returns status 0 when the connection ends without a response
 */
export function ask(at, path, { tls = true, host = 'site.test', method = 'GET', headers = {}, content } = {}) {
  const port = tls ? at.https : at.http
  const options = {
    host: '127.0.0.1',
    port,
    path,
    method,
    agent: false,
    servername: host,
    rejectUnauthorized: false,
    headers: { host: `${host}:${port}`, ...(content && { 'content-length': content.length }), ...headers },
    timeout: patience,
  }
  return new Promise((resolve) => {
    const failed = () => resolve({ status: 0, headers: {}, text: '' })
    const asking = (tls ? secureRequest : request)(options, (response) => {
      let text = ''
      response.setEncoding('latin1').on('data', (chunk) => (text += chunk))
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }))
      response.on('error', failed)
    })
    asking.on('timeout', () => asking.destroy())
    asking.on('error', failed)
    asking.end(content)
  })
}

/** Waits for a condition. @throws Error when it does not become true in time. */
export async function until(condition, what) {
  for (const since = Date.now(); Date.now() - since < patience;) {
    if (condition()) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(what)
}

/** Runs the checks one after the other. */
export async function score(checks, at) {
  const results = []
  for (const { group, name, run } of checks) {
    try {
      await run(at)
      results.push({ group, name, passed: true, error: '' })
    } catch (error) {
      results.push({ group, name, passed: false, error: error.message.slice(0, 500) })
    }
  }
  return results
}
