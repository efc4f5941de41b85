import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'tsup'

/** Makes a program of `fixtures/<name>.ts`, to be run as a process. Node 20 runs no TypeScript, and dist may be missing or old. */
export async function buildProgram(name: string, folder: string): Promise<string> {
  await build({
    config: false,
    entry: [fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url))],
    tsconfig: fileURLToPath(new URL('../tsconfig.json', import.meta.url)),
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    target: 'node20',
    noExternal: [/^@spillway\//],
    outDir: folder,
    silent: true,
  })
  return join(folder, `${name}.mjs`)
}

/** What a program prints, up to the line that matches. */
export function linesUntil(child: ChildProcess, last: RegExp): Promise<string[]> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout!.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const lines = text.split('\n').slice(0, -1)
      if (last.test(lines.at(-1) ?? '')) resolve(lines)
    })
    child.once('exit', (code) => reject(new Error(`exited with ${code}: ${text}`)))
  })
}
