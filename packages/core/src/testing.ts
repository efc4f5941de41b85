export { type InjectInit, inject, injector } from './testing/inject.ts'
export { type MemoryClient, type TestServer, testServer } from './testing/memory.ts'
