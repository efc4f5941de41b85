// oxlint-disable vitest/no-standalone-expect -- called by tests
import { expect } from 'vitest'
import { type Context, type Reply, type Timeouts } from '../../src/index.ts'
import { type MemoryClient, type TestServer, testServer } from '../../src/testing.ts'
import { turn } from '../support.ts'

/** The clock's tick with these deadlines; a deadline may be this much later, never earlier. */
export const slack: number = 500

export const timeouts: Timeouts = {
  handshake: 10_000,
  head: 10_000,
  bodyIdle: 10_000,
  keepAlive: 20_000,
  writeStall: 30_000,
  request: 0,
  halfClosed: 10_000,
  tunnel: 0,
  linger: 2_000,
}

export function server(handler: (c: Context) => Reply | Promise<Reply>, over: Partial<Timeouts> = {}): TestServer {
  return testServer(handler, { timeouts: { ...timeouts, ...over }, limits: { bodyBytes: 1e9 } })
}

export function hello(c: Context): Reply {
  return c.text('hello')
}

/** Expects a state to last until `ms` have passed, and to be over soon after. */
export async function expectAt(
  t: TestServer,
  client: MemoryClient,
  ms: number,
  after: MemoryClient['state'] = 'ended',
): Promise<void> {
  t.advance(ms)
  await turn()
  expect(client.state).toBe('open')
  t.advance(slack)
  await turn()
  expect(client.state).toBe(after)
}
