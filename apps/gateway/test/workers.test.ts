import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { openssl } from '../../../packages/core/test/certificates.ts'
import { AcmeServer } from './acme-server.ts'
import { type Built, buildGateway } from './built.ts'
import { freePort } from '@spillway/vitest-config/free-port'
import { folderOf, until } from './support.ts'

let built: Built

beforeAll(async () => {
  built = await buildGateway()
}, 60_000)

afterAll(() => built.remove())

interface Running {
  readonly child: ChildProcess
  readonly said: () => string
  readonly write: (config: object) => void
}

/** A gateway of two workers. */
async function run(config: object): Promise<Running> {
  const folder = folderOf({ 'site/index.html': 'the site' })
  const file = join(folder, 'gateway.json')
  const write = (next: object): void => writeFileSync(file, JSON.stringify({ workers: 2, log: 'none', ...next }))
  write(config)
  const child = spawn(process.execPath, [built.program, file], { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await until(() => said.includes('with 2 workers'))
  return { child, said: () => said, write }
}

/** Processes that have served a connection each, by the text of their metrics. */
async function sum(url: string, name: string): Promise<number> {
  const text = await (await fetch(url)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)
}

describe('several processes', { timeout: 60_000 }, () => {
  test('share the work: metrics are those of all, a reload replaces them, and none is lost at the end', async () => {
    const [port, admin] = [await freePort(), await freePort()]
    const listen = [{ port }]
    const config = (text: string): object => ({
      listen,
      admin: { port: admin },
      routes: [{ path: '/', redirect: `/${text}` }],
    })
    const { child, write, said } = await run(config('before'))
    const url = `http://127.0.0.1:${port}/`
    const asked = async (): Promise<string> =>
      (await fetch(url, { redirect: 'manual', headers: { connection: 'close' } })).headers.get('location')!
    for (let i = 0; i < 10; i++) expect(await asked()).toBe('/before')
    await until(async () => (await sum(`http://127.0.0.1:${admin}/metrics`, 'spillway_requests_total')) >= 10)
    write(config('after'))
    child.kill('SIGHUP')
    let lost = 0
    await until(async () => {
      const now = await asked().catch(() => (lost++, ''))
      return now === '/after'
    })
    for (let i = 0; i < 10; i++) await until(async () => (await asked()) === '/after')
    expect(lost).toBe(0)
    const exit = once(child, 'exit')
    child.kill('SIGTERM')
    expect(await exit).toEqual([0, null])
    expect(said()).not.toContain('Error')
  })

  withTools(openssl)('with an authority', () => {
    test('have certificates for which one of them asks', async () => {
      const server = await AcmeServer.start()
      const [https, http] = [await freePort(), await freePort()]
      server.ports = { 'http-01': http, 'tls-alpn-01': https }
      const routes = [{ path: '/', files: 'site' }]
      const { child, said } = await run({
        listen: [{ port: https, tls: true }, { port: http }],
        acme: { agreed: true, directory: server.directory, folder: 'kept' },
        hosts: { 'a.test': { tls: 'acme', routes } },
      })
      await until(() => said().includes('a.test has a certificate until'))
      expect(server.orders).toHaveLength(1)
      const visit = (): Promise<boolean> =>
        new Promise((resolve) => {
          const at = { port: https, host: '127.0.0.1', servername: 'a.test', ca: server.authority.ca }
          const socket = connect(at, () => {
            resolve(socket.authorized)
            socket.destroy()
          }).on('error', () => resolve(false))
        })
      // Whichever process it comes to.
      for (let i = 0; i < 6; i++) await until(visit)
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      expect(await exit).toEqual([0, null])
    })
  })
})
