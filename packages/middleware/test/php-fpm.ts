import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type Tool, findTool, spawn } from '@spillway/vitest-config/tools'
import { vi } from 'vitest'

export const phpFpm: Tool = findTool('php-fpm')

/** An application that runs. */
export interface PhpFpm {
  /** The path of its unix socket. */
  readonly socket: string
  stop(): Promise<void>
}

/** Runs php-fpm with two processes. @param home a directory for its files. */
export async function startPhpFpm(home: string): Promise<PhpFpm> {
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
  const child: ChildProcess = spawn(phpFpm.path, [...(root ? ['-R'] : []), '-n', '-F', '-y', config], {
    stdio: 'ignore',
  })
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
