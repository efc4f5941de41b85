import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serve } from '@spillway/core'
import { inject } from '@spillway/core/testing'
import app from '../src/app.ts'

const message = { from: 'me', text: 'hello' }
const post = { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(message) }

test('whoever listens hears what is said', async () => {
  const server = await serve(app, { port: 0 })
  try {
    const events = await fetch(`${server.url}/events`)
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    assert.equal((await fetch(`${server.url}/messages`, { method: 'POST', ...post })).status, 202)
    let heard = ''
    while (!heard.includes('data: ')) heard += (await reader.read()).value
    assert.deepEqual(JSON.parse(/data: (.*)/.exec(heard)![1]!), message)
    await reader.cancel()
  } finally {
    await server.close({ deadline: 0 })
  }
})

test('what is not a message is refused', async () => {
  assert.equal((await inject(app, '/messages', { ...post, body: '{"from":""}' })).status, 422)
})

test('the page is there', async () => {
  assert.match(await (await inject(app, '/')).text(), /<form>/)
})
