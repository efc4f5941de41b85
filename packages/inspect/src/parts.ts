// The parts of the inspector, for other pages about a server, such as the wire lab.
export { Feed, Viewer } from './record/feed.ts'
export { Recorder } from './record/recorder.ts'
export { Tapes, tapeBounds } from './record/tapes.ts'
export { isLoopback, isOwnRequest } from './site/guard.ts'
export { policyOf, styleOf } from './site/policy.ts'
