import { once } from 'node:events'
import { chownSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '@spillway/vitest-config/free-port'
import { type Tool, execFileSync, findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import postgres from 'postgres'
import { beforeAll, expect, test, vi } from 'vitest'
import { openDatabase } from '../src/database/database.ts'
import { collection } from './collection.ts'

const server: Tool = findTool('postgres')
const control: Tool = findTool('pg_ctl')
/** PostgreSQL does not run as root: it is nobody then. */
const as = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

withTools(server, control)('with PostgreSQL', { timeout: 60_000 }, () => {
  let url: string
  let count = 0

  beforeAll(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'conduit-postgres-'))
    if (as.uid !== undefined) chownSync(folder, as.uid, as.gid)
    const data = join(folder, 'data')
    const options = '--auth=trust --username=conduit --encoding=UTF8 --no-locale --no-sync'
    execFileSync(control.path, ['initdb', '-s', '-D', data, '-o', options], { ...as, cwd: folder })
    const port = await freePort()
    const args = ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', String(port), '-c', 'fsync=off']
    const child = spawn(server.path, args, { ...as, cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    await vi.waitUntil(() => said.includes('ready to accept connections'))
    url = `postgres://conduit@127.0.0.1:${port}`
    return async () => {
      child.kill('SIGQUIT')
      await once(child, 'exit')
      rmSync(folder, { recursive: true })
    }
  })

  async function newDatabase(): Promise<string> {
    const name = `conduit_${++count}`
    const admin = postgres(`${url}/postgres`, { max: 1 })
    await admin.unsafe(`CREATE DATABASE ${name}`)
    await admin.end()
    return `${url}/${name}`
  }

  collection(newDatabase)

  test('several processes make the tables at the same time', async () => {
    const where = await newDatabase()
    const opened = await Promise.all(Array.from({ length: 4 }, () => openDatabase(where)))
    expect(await opened[3]!.all('SELECT id FROM users')).toEqual([])
    await Promise.all(opened.map((one) => one.close()))
  })
})
