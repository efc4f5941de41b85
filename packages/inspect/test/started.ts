import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { spawn } from '@spillway/vitest-config/tools'

/** A program that runs. */
export interface Started {
  readonly child: ChildProcess
  /** Resolves with the first part of what was printed that fits. */
  readonly said: (pattern: RegExp) => Promise<string>
}

const children: ChildProcess[] = []

/** Starts Node with arguments. @param cwd where. Default: here. */
export function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, cwd?: string): Started {
  const child = spawn(process.execPath, [...args], { env: { ...process.env, NODE_ENV: '', ...env }, cwd })
  children.push(child)
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  return {
    child,
    said: async (pattern) => {
      for (;;) {
        const [, found] = pattern.exec(text) ?? []
        if (found !== undefined) return found
        if (child.exitCode !== null) throw new Error(`It ended with ${child.exitCode}: ${text}`)
        await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), once(child, 'exit')])
      }
    },
  }
}

/** Ends whatever was started and still runs. */
export async function endAll(): Promise<void> {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}
