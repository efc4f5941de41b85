// Which modules a process has loaded.
import { readFileSync } from 'node:fs'
import * as module from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'

/** An imported module, and the one that imported it. */
export interface Resolved {
  readonly url: string
  readonly parent: string | undefined
}

/** In one thread with what is loaded, from Node.js 22.15 and 23.5 on. */
type RegisterHooks = (hooks: {
  resolve(
    specifier: string,
    context: { readonly parentURL?: string },
    next: (specifier: string, context: object) => { readonly url: string },
  ): { readonly url: string }
}) => void

/** `import './tracing.ts'`, of a module of one's own. */
const importForEffect = /^[ \t]*(?:import[ \t]*|require\()['"][.#]/m
/** Where the modules of this program are. */
const own = new URL('.', import.meta.url).href

/** Records which modules this process loads. */
export class Loaded {
  readonly #resolved: Resolved[] = []
  /** Takes the messages of the other thread, where there is one. */
  readonly #receive: () => void = () => {}

  constructor() {
    const registerHooks = (module as { readonly registerHooks?: RegisterHooks }).registerHooks
    if (registerHooks)
      registerHooks({
        resolve: (specifier, context, next) => {
          const found = next(specifier, context)
          this.#resolved.push({ url: found.url, parent: context.parentURL })
          return found
        },
      })
    else {
      const { port1, port2 } = new MessageChannel()
      module.register('./dev-hooks.js', import.meta.url, { data: port2, transferList: [port2] })
      this.#receive = () => {
        for (let told; (told = receiveMessageOnPort(port1));) this.#resolved.push(told.message as Resolved)
      }
    }
  }

  /** The files of all modules, as URLs. */
  files(): string[] {
    return [...new Set(this.#all().map(({ url }) => url))].filter((url) => url.startsWith('file:'))
  }

  /**
   * The installed packages that modules of the project have imported, in that order: they may be loaded before the project's modules.
   * None if the project imports a module of its own for its side effects, because these may be meant for packages: tracing, or environment
   * variables.
   */
  packages(): string[] {
    if (this.files().some((url) => isOfProject(url) && actsFirst(url))) return []
    const outer = this.#all().filter(
      ({ url, parent }) => isInstalled(url) && parent !== undefined && isOfProject(parent),
    )
    return [...new Set(outer.map(({ url }) => url))]
  }

  #all(): Resolved[] {
    this.#receive()
    // A module that requires one that is already loaded is not its parent, but has it among its children.
    const required = Object.values(module.createRequire(import.meta.url).cache).flatMap((one) => {
      const parent = urlOf(one!.filename)
      return [
        { url: parent, parent: undefined },
        ...one!.children.map(({ filename }) => ({ url: urlOf(filename), parent })),
      ]
    })
    return [...this.#resolved, ...required]
  }
}

function urlOf(file: string): string {
  return pathToFileURL(file).href
}

function actsFirst(url: string): boolean {
  try {
    return importForEffect.test(readFileSync(fileURLToPath(url), 'utf8'))
  } catch {
    // It was deleted meanwhile: that is a change which is reported anyway.
    return false
  }
}

function isOfProject(url: string): boolean {
  return !isInstalled(url) && !url.startsWith(own)
}

function isInstalled(url: string): boolean {
  return url.includes('/node_modules/')
}
