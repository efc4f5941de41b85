import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inject } from '@spillway/core/testing'
import app from '../src/app.ts'

test('greets', async () => {
  const reply = await inject(app, '/hello/world')
  assert.equal(reply.status, 200)
  assert.deepEqual(await reply.json(), { hello: 'world' })
})

test('says at its root where to go', async () => {
  const reply = await inject(app, '/')
  assert.match(await reply.text(), /\/hello\/world/)
})

test('says in one format what it refuses', async () => {
  const reply = await inject(app, '/none')
  assert.equal(reply.status, 404)
  assert.deepEqual(await reply.json(), { title: 'Not Found', status: 404 })
})
