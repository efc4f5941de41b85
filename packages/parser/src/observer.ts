/**
 * Reads what a strict parser refuses, for captures, tests and inspecting traffic: each mistake is reported, and reading continues after it.
 *
 * @module
 */
export type { Deviation, Observation } from './observer/events.ts'
export { ObservedConnection, type ObservedEvent } from './observer/observed-connection.ts'
export { ObservingParser } from './observer/observing-parser.ts'
export { observer, strict, userAgent, type Profile, type RuleName } from './observer/profiles.ts'
