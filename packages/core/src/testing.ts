export { type MemoryClient, type TestServer, testServer } from './memory.ts'
