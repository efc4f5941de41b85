import type { Groups } from './groups.ts'

/** Milliseconds between checks. */
const interval = 1000

/**
 * Prints when a server is ejected or down, and when it is up again.
 * @param groups returns the current ones, which a reload replaces.
 * @returns a function that stops it.
 */
export function watchServers(groups: () => Groups, tell: (line: string) => void): () => void {
  let before = new Map<string, string>()
  const look = (): void => {
    const now = new Map<string, string>()
    for (const [name, group] of groups())
      for (const { url, state } of group.status) {
        const server = `${name}: ${url}`
        now.set(server, state)
        const was = before.get(server) ?? 'up'
        if (was !== state) tell(`${server} is ${state === 'up' ? 'up again' : state}`)
      }
    before = now
  }
  const timer = setInterval(look, interval).unref()
  return () => clearInterval(timer)
}
