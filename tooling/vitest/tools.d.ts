import type { Tool } from './programs.js'

export * from './programs.js'

/** `describe`, in its two forms. */
interface Describe {
  (title: string, body: () => void): void
  (title: string, options: { readonly timeout?: number }, body: () => void): void
}

/** `describe` for tests that need these tools: where one is missing they are skipped, and the title says which. */
export declare function withTools(...tools: readonly Tool[]): Describe
