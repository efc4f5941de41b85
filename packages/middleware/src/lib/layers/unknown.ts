import type { Reply } from '@spillway/core'

/** Replies that say of a path no more than that nobody knows it: who has asked a router may ask others. */
const unknown: WeakSet<Reply> = new WeakSet()

export function markUnknown(reply: Reply): Reply {
  unknown.add(reply)
  return reply
}

export function isUnknown(reply: Reply): boolean {
  return unknown.has(reply)
}
