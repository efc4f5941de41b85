// Which server of a group is chosen next.
import type { Upstream } from './upstream.ts'

/**
 * Chooses one of the usable servers; undefined when there is none.
 * @param key of the request, for consistent hashing.
 */
export type Balance = (
  servers: readonly Upstream[],
  usable: (server: Upstream) => boolean,
  key: string,
) => Upstream | undefined

/** Takes turns by weight, evenly spread: with weights 2 and 1 the order is a b a, never a a b. */
export const roundRobin: Balance = (servers, usable) => {
  let best: Upstream | undefined
  let total = 0
  for (const server of servers) {
    if (!usable(server)) continue
    total += server.weight
    server.turn += server.weight
    if (!best || server.turn > best.turn) best = server
  }
  if (best) best.turn -= total
  return best
}

/** The one with the fewest exchanges relative to its weight; equal ones take turns. */
export const leastConnections: Balance = (servers, usable) => {
  let least = Infinity
  for (const server of servers) if (usable(server)) least = Math.min(least, load(server))
  return roundRobin(servers, (server) => usable(server) && load(server) === least, '')
}

function load(server: Upstream): number {
  return (server.active + 1) / server.weight
}

/**
 * Rendezvous hashing: each server gets a weighted number from the key, and the highest wins. When a server goes, only its own
 * keys move, and they return when it comes back.
 */
export const consistentHash: Balance = (servers, usable, key) => {
  let best: Upstream | undefined
  let highest = -Infinity
  const hash = fnv1a(key, 0x811c9dc5)
  for (const server of servers) {
    if (!usable(server)) continue
    const score = -server.weight / Math.log(uniform(hash ^ server.seed))
    if (score > highest) {
      highest = score
      best = server
    }
  }
  return best
}

/** FNV-1a, 32 bits. */
export function fnv1a(text: string, basis: number): number {
  let hash = basis
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}

/** A number strictly between 0 and 1 that depends on every bit of the hash: the last steps of MurmurHash3. */
function uniform(hash: number): number {
  let h = hash
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  h ^= h >>> 16
  return ((h >>> 0) + 0.5) / 2 ** 32
}
