import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { vi } from 'vitest'

const folder = '/usr/sbin'

/** The php-fpm of this machine, whatever its version; undefined when there is none, as on a machine without Debian's. */
export const phpFpm: string | undefined = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => /^php-fpm\d/.test(name))
      .map((name) => join(folder, name))
      .at(-1)
  : undefined

/** An application that runs. */
export interface PhpFpm {
  /** The path of its unix socket. */
  readonly socket: string
  stop(): Promise<void>
}

/** Runs php-fpm with two processes. @param home a directory for its files. */
export async function startPhpFpm(program: string, home: string): Promise<PhpFpm> {
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
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  const probe = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const attempt = connect(socket, () => resolve(void attempt.destroy()))
      attempt.on('error', () => reject(new Error(existsSync(log) ? readFileSync(log, 'utf8') : 'There is no log')))
    })
  try {
    await vi.waitFor(probe, { timeout: 30_000, interval: 50 })
  } catch (error) {
    await stop()
    throw error
  }
  return { socket, stop }
}
