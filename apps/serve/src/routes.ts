// The command `spillway routes`.
import { spawnSync } from 'node:child_process'
import type { RouteInfo } from '@spillway/middleware/router'
import { readCommand } from './command.ts'
import { NoApplication, applicationIn } from './dev/module.ts'
import { argumentsFor } from './dev/typescript.ts'

export const command = {
  usage: 'routes file',
  what: `prints every route of an application, with the layers in front of it:

  spillway routes src/app.ts`,
  options: { json: { type: 'boolean', help: 'print it as JSON' } },
} as const

/**
 * `spillway routes src/app.ts`: prints every route of an application, with the layers in front of it.
 * @throws UsageError for arguments that make no sense; NoApplication when the file exports none that has routes.
 */
export async function routes(args: readonly string[], print: (text: string) => void): Promise<void> {
  const read = readCommand(command, args, print)
  if (!read) return
  const { values, file } = read
  const needed = argumentsFor(file)
  if (needed.some((one) => !process.execArgv.includes(one))) return void (process.exitCode = runAgain(needed))
  const application = (await applicationIn(file)) as { routes?: () => readonly RouteInfo[] }
  if (typeof application.routes !== 'function')
    throw new NoApplication(`What ${file} exports has no routes: it is not a router`)
  const all = application.routes()
  // Notes contain schemas, which cannot be written as JSON.
  print(
    values.json
      ? JSON.stringify(
          all.map((route) => ({ ...route, notes: undefined })),
          null,
          2,
        )
      : table(all),
  )
}

/** Runs this program in a Node.js that runs TypeScript. */
function runAgain(needed: readonly string[]): number {
  const [program, ...args] = process.argv.slice(1)
  return (
    spawnSync(process.execPath, [...process.execArgv, ...needed, program!, ...args], { stdio: 'inherit' }).status ?? 1
  )
}

function table(all: readonly RouteInfo[]): string {
  const rows = all.map(({ method, pattern, host, layers = [] }) => [method, (host ?? '') + pattern, layers.join(' → ')])
  const [first, second] = [0, 1].map((column) => Math.max(0, ...rows.map((row) => row[column]!.length)))
  return rows
    .map(([method, pattern, layers]) => `${method!.padEnd(first!)}  ${pattern!.padEnd(second!)}  ${layers}`.trimEnd())
    .join('\n')
}
