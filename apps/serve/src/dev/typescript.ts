// How Node runs TypeScript.
import * as module from 'node:module'
import { pathToFileURL } from 'node:url'
import { UsageError } from '@spillway/command-line'

/** Whether this Node runs TypeScript by itself: from 22.18 and 23.6 on it leaves the types out. */
const isBuiltIn: boolean = Boolean((process.features as { readonly typescript?: unknown }).typescript)

/**
 * The URL of `tsx`, which runs TypeScript where Node does not. It is the project's, as it brings esbuild along, 10 MB of it.
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

/** What Node is told so that it runs a file. @throws UsageError when it is TypeScript and cannot be run. */
export function argumentsFor(file: string): string[] {
  if (!isTypeScript(file)) return []
  // Node 22.18 says that it is an experiment, each time.
  return isBuiltIn ? ['--disable-warning=ExperimentalWarning'] : ['--import', tsxFor(file)]
}

/** What takes types out is started ahead of time: it has a process of its own, or is a program that has to be compiled. */
export async function warmUp(file: string): Promise<void> {
  if (!isTypeScript(file)) return
  const { stripTypeScriptTypes } = module as { readonly stripTypeScriptTypes?: (code: string) => string }
  if (isBuiltIn) stripTypeScriptTypes?.('let ahead: 1')
  // Something that tsx has not seen yet, and takes for TypeScript by its name.
  else await import(`data:text/javascript,export%20{}//${process.pid}-${Date.now()}.ts`)
}
