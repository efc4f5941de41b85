import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromSources } from '@spillway/tsup-config'
import { build } from 'tsup'
import { spawn } from '@spillway/vitest-config/tools'
import { onTestFinished } from 'vitest'

const here = fileURLToPath(new URL('..', import.meta.url))

/** The program, made from the sources as they are, where it finds what it depends on. */
export async function buildProgram(): Promise<{ readonly file: string; readonly remove: () => void }> {
  mkdirSync(join(here, 'node_modules/.cache'), { recursive: true })
  const folder = mkdtempSync(join(here, 'node_modules/.cache/test-'))
  await build({
    config: false,
    silent: true,
    clean: false,
    entry: {
      main: join(here, 'src/main.ts'),
      'dev-worker': join(here, 'src/dev-worker.ts'),
      'dev-hooks': join(here, 'src/dev-hooks.ts'),
    },
    format: ['esm'],
    target: 'node20',
    outDir: join(folder, 'dist'),
    noExternal: [/^@spillway\//],
    external: ['selfsigned', 'uqr', 'tsx'],
    removeNodeProtocol: false,
    ...fromSources,
  })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "version": "1.2.3" }')
  return { file: join(folder, 'dist/main.js'), remove: () => rmSync(folder, { recursive: true }) }
}

/** One run of the program. */
export class Run {
  readonly child: ChildProcess
  out = ''
  err = ''

  constructor(file: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
    const env = { ...process.env, NO_COLOR: '1', ...options.env }
    this.child = spawn(process.execPath, [file, ...args], { stdio: 'pipe', detached: true, ...options, env })
    this.child.stdout!.on('data', (piece) => (this.out += String(piece)))
    this.child.stderr!.on('data', (piece) => (this.err += String(piece)))
    onTestFinished(() => this.#end())
  }

  /** Ends it, and the processes that it has started: some of them may still be waiting for their first word. */
  #end(): void {
    try {
      process.kill(-this.child.pid!, 'SIGKILL')
    } catch {
      // All of them have ended.
    }
  }

  /** The address it tells, once it does. */
  async url(): Promise<string> {
    for (;;) {
      const [, url] = /here +(\S+)\n/.exec(this.out) ?? []
      if (url) return url
      if (this.child.exitCode !== null) throw new Error(`It ended: ${this.err}`)
      await Promise.race([once(this.child.stdout!, 'data'), once(this.child, 'close')])
    }
  }

  /** Its exit code, when all it said has arrived. */
  async end(): Promise<number | null> {
    if (this.child.exitCode !== null && this.child.stdout!.readableEnded) return this.child.exitCode
    const [code] = (await once(this.child, 'close')) as [number | null]
    return code
  }
}

/** A folder with these files in it, for one test. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  mkdirSync(join(here, 'node_modules/.cache'), { recursive: true })
  const folder = mkdtempSync(join(here, 'node_modules/.cache/site-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}
