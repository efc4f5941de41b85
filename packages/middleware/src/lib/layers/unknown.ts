// Marks replies that say that nothing was found.
import type { Reply } from '@spillway/core'

/** Replies that only say that a path is unknown: whoever asked this router may then ask others. */
const unknown: WeakSet<Reply> = new WeakSet()

export function markUnknown(reply: Reply): Reply {
  unknown.add(reply)
  return reply
}

export function isUnknown(reply: Reply): boolean {
  return unknown.has(reply)
}
