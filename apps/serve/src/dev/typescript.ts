// How Node runs TypeScript.
import * as module from 'node:module'
import { pathToFileURL } from 'node:url'
import { UsageError } from '@spillway/command-line'

/** Whether this Node.js runs TypeScript by itself: from 22.18 and 23.6 on it strips types. */
const isBuiltIn: boolean = Boolean((process.features as { readonly typescript?: unknown }).typescript)

/**
 * The URL of `tsx`, which runs TypeScript where Node.js does not. The project must have it: with esbuild it is too large to be ours, 10 MB.
 * @param from a file of the project.
 * @throws UsageError when the project has none.
 */
function tsxFor(from: string): string {
  try {
    return pathToFileURL(module.createRequire(from).resolve('tsx')).href
  } catch (error) {
    throw new UsageError(
      `Node.js ${process.versions.node} does not run TypeScript: \`npm install --save-dev tsx\`, or use Node.js 22.18`,
      { cause: error },
    )
  }
}

function isTypeScript(file: string): boolean {
  return /\.[cm]?tsx?$/.test(file)
}

/** Arguments for Node.js, so that it can run a file. @throws UsageError when it is TypeScript and cannot be run. */
export function argumentsFor(file: string): string[] {
  if (!isTypeScript(file)) return []
  // Without it, Node.js 22.18 warns each time that this is experimental.
  return isBuiltIn ? ['--disable-warning=ExperimentalWarning'] : ['--import', tsxFor(file)]
}

/** Starts the compiler ahead of time: esbuild has a process of its own, and that of Node.js is WebAssembly that has to be compiled. */
export async function warmUp(file: string): Promise<void> {
  if (!isTypeScript(file)) return
  const { stripTypeScriptTypes } = module as { readonly stripTypeScriptTypes?: (code: string) => string }
  if (isBuiltIn) stripTypeScriptTypes?.('let ahead: 1')
  // A module that tsx has not in its cache, and that is TypeScript by its name.
  else await import(`data:text/javascript,export%20{}//${process.pid}-${Date.now()}.ts`)
}
