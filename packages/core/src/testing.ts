export { type InjectInit, inject } from './inject.ts'
export { type MemoryClient, type TestServer, testServer } from './memory.ts'
