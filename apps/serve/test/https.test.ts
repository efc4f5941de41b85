import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { delimiter, join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { generate } from 'selfsigned'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Run, buildProgram, folderWith } from './program.ts'

let file: string
let remove: () => void

beforeAll(async () => {
  ;({ file, remove } = await buildProgram())
}, 60_000)

afterAll(() => remove())

/** What a client finds at the other end. */
interface Shown {
  readonly fingerprint: string
  /** Why it does not trust the certificate. */
  readonly error: Error | null
}

function shown(url: string, ca?: string): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const options = { rejectUnauthorized: false, agent: false as const, ...(ca !== undefined && { ca }) }
    const asked = request(url, options, (response) => {
      const socket = response.socket as TLSSocket
      const [fingerprint, error] = [socket.getPeerCertificate().fingerprint256, socket.authorizationError ?? null]
      response.resume().on('end', () => resolve({ fingerprint, error }))
    })
    asked.on('error', reject).end()
  })
}

/** One start: what it says, and what it shows to so many connections. */
async function start(env: NodeJS.ProcessEnv, args: readonly string[] = [], ca?: string, connections = 1) {
  const folder = folderWith({ 'index.html': '<h1>home</h1>' })
  const run = new Run(file, [folder, '--host', '127.0.0.1', '--port', '0', '--https', ...args], { env })
  const url = await run.url()
  expect(url).toMatch(/^https:/)
  const seen: Shown[] = []
  for (let i = 0; i < connections; i++) seen.push(await shown(url, ca))
  run.child.kill('SIGTERM')
  await run.end()
  return { out: run.out, seen }
}

/** A program by the name of mkcert that does what its manual says, as far as it is needed, and notes its calls. */
async function fakeMkcert(
  folder: string,
): Promise<{ readonly env: NodeJS.ProcessEnv; readonly calls: () => string[] }> {
  const log = join(folder, 'calls')
  writeFileSync(log, '')
  writeFileSync(
    join(folder, 'mkcert.mjs'),
    `import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { generate } from 'selfsigned'
const [first, ...rest] = process.argv.slice(2)
appendFileSync(${JSON.stringify(log)}, first + '\\n')
const root = process.env.CAROOT
if (first === '-CAROOT') console.log(root)
else {
  const [certFile, , keyFile, ...names] = rest
  const altNames = names.map((name) => (/[:\\d]$/.test(name) ? { type: 7, ip: name } : { type: 2, value: name }))
  const ca = { cert: readFileSync(root + '/rootCA.pem', 'utf8'), key: readFileSync(root + '/rootCA-key.pem', 'utf8') }
  const made = await generate([{ name: 'commonName', value: 'mkcert' }], {
    keyType: 'ec', algorithm: 'sha256', ca, notAfterDate: new Date(Date.now() + 820 * 864e5), extensions: [{ name: 'subjectAltName', altNames }],
  })
  writeFileSync(certFile, made.cert)
  writeFileSync(keyFile, made.private)
}
`,
  )
  writeFileSync(join(folder, 'mkcert'), `#!/bin/sh\nexec "${process.execPath}" "${join(folder, 'mkcert.mjs')}" "$@"\n`)
  chmodSync(join(folder, 'mkcert'), 0o755)
  const env = { PATH: `${folder}${delimiter}${process.env['PATH']}`, CAROOT: folder, XDG_CACHE_HOME: folderWith({}) }
  return { env, calls: () => readFileSync(log, 'utf8').trim().split('\n') }
}

/** Makes the authority of a folder, as `mkcert -install` would. */
async function makeAuthority(folder: string): Promise<string> {
  const made = await generate([{ name: 'commonName', value: 'the authority of a test' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + 3000 * 864e5),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  })
  writeFileSync(join(folder, 'rootCA.pem'), made.cert)
  writeFileSync(join(folder, 'rootCA-key.pem'), made.private)
  return made.cert
}

const asks = 'self-signed certificate: the browser will ask once'

describe('HTTPS', { timeout: 60_000 }, () => {
  it('makes a certificate for development, keeps it, and says that it is self-signed', async () => {
    const cache = folderWith({})
    const env = { XDG_CACHE_HOME: cache, CAROOT: folderWith({}) }
    const [first, second] = [await start(env), await start(env)]
    expect(first.out).toContain(asks)
    expect(first.seen[0]!.fingerprint).toMatch(/^[\dA-F:]{95}$/)
    expect(second.seen[0]!.fingerprint).toBe(first.seen[0]!.fingerprint)
    expect(first.seen[0]!.error).not.toBeNull()
    expect(readdirSync(join(cache, 'spillway'))).toEqual(['self-signed.pem'])
  })

  it('shows the same one on every core, also when it cannot be kept', async () => {
    const nowhere = join(folderWith({ file: '' }), 'file')
    const env = { XDG_CACHE_HOME: nowhere, CAROOT: folderWith({}) }
    const { seen } = await start(env, ['--cluster'], undefined, 8)
    expect(new Set(seen.map(({ fingerprint }) => fingerprint)).size).toBe(1)
  })

  // The stand-in is a script of the shell.
  describe.skipIf(process.platform === 'win32')('with mkcert', () => {
    it('takes a certificate of its authority, and says so', async () => {
      const folder = folderWith({})
      const { env, calls } = await fakeMkcert(folder)
      const ca = await makeAuthority(folder)
      const first = await start(env, [], ca)
      expect(first.out).toContain('certificate by mkcert')
      expect(first.out).not.toContain(asks)
      expect(first.seen[0]!.error).toBeNull()
      const second = await start(env, ['--cluster'], ca, 4)
      expect(new Set(second.seen.map(({ fingerprint }) => fingerprint))).toEqual(new Set([first.seen[0]!.fingerprint]))
      expect(calls()).toEqual(['-CAROOT', '-cert-file', '-CAROOT'])
      // Another authority: what is kept is worth nothing now.
      const other = await makeAuthority(folder)
      expect((await start(env, [], other)).seen[0]!.error).toBeNull()
    })

    it.each([
      ['has no authority', (folder: string) => rmSync(join(folder, 'rootCA.pem'))],
      ['makes none', (folder: string) => rmSync(join(folder, 'rootCA-key.pem'))],
    ])('signs its own when that %s', async (_, harm) => {
      const folder = folderWith({})
      const { env } = await fakeMkcert(folder)
      await makeAuthority(folder)
      harm(folder)
      const { out, seen } = await start(env)
      expect(out).toContain(asks)
      expect(seen[0]!.error).not.toBeNull()
    })
  })
})
