import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, vi } from 'vitest'
import { directoryOf } from './scripts.ts'

const folder = '/usr/sbin'

/** The php-fpm of this machine, whatever its version; undefined when there is none, as on a machine without Debian's. */
export const phpFpm: string | undefined = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => /^php-fpm\d/.test(name))
      .map((name) => join(folder, name))
      .at(-1)
  : undefined

/** Runs php-fpm with two processes until the tests of this file are over. Returns its socket. */
export async function startPhpFpm(program: string): Promise<string> {
  const home = directoryOf({})
  const socket = join(home, 'fpm.sock')
  const log = join(home, 'fpm.log')
  const config = join(home, 'fpm.conf')
  const root = process.getuid?.() === 0
  writeFileSync(
    config,
    `[global]
error_log = ${log}
daemonize = no
[www]
${root ? 'user = root\ngroup = root' : ''}
listen = ${socket}
pm = static
pm.max_children = 2
php_admin_flag[display_errors] = off
php_admin_flag[log_errors] = on
`,
  )
  const child: ChildProcess = spawn(program, [...(root ? ['-R'] : []), '-n', '-F', '-y', config], { stdio: 'ignore' })
  afterAll(async () => {
    if (child.exitCode !== null) return
    child.kill('SIGTERM')
    await once(child, 'exit')
  })
  await vi.waitFor(
    () =>
      new Promise<void>((resolve, reject) => {
        const probe = connect(socket, () => resolve(void probe.destroy()))
        probe.on('error', () => reject(new Error(existsSync(log) ? readFileSync(log, 'utf8') : 'no log')))
      }),
    { timeout: 30_000, interval: 50 },
  )
  return socket
}
