/**
 * Reads what a strict reader refuses, for captures, tests and looking at traffic: each mistake is told, and reading goes on behind it.
 *
 * @module
 */
export type { Deviation, Observation } from './observer/events.ts'
export { ObservedConnection, type ObservedEvent } from './observer/observed-connection.ts'
export { ObservingParser } from './observer/observing-parser.ts'
export { observer, strict, userAgent, type Profile, type RuleName } from './observer/profiles.ts'
