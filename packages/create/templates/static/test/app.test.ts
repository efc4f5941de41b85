import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inject } from '@spillway/core/testing'
import app from '../src/app.ts'

const html = { headers: { Accept: 'text/html' } }

test('pages are there, with a policy', async () => {
  const reply = await inject(app, '/', html)
  assert.equal(reply.status, 200)
  assert.ok(reply.headers.get('content-security-policy'))
  assert.match(await (await inject(app, '/about', html)).text(), /About/)
})

test('and others are not', async () => {
  const reply = await inject(app, '/none', html)
  assert.equal(reply.status, 404)
  assert.match(await reply.text(), /no such page/)
  assert.equal((await inject(app, '/.env')).status, 404)
})
