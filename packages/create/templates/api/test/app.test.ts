import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inject, injector } from '@spillway/core/testing'
import { client } from '@spillway/middleware/contract-client'
import type { Api } from '../src/app.ts'

process.env['DATABASE'] = ':memory:'
const { default: app } = await import('../src/app.ts')
const api = client<Api>('http://localhost', { fetch: injector(app) })

test('a note is added, found, changed and removed', async () => {
  const added = await api('/notes').post({ body: { text: 'Milk' } })
  assert.equal(added.status, 201)
  const { id } = added.body
  assert.deepEqual((await api('/notes/:id').get({ params: { id } })).body, { id, text: 'Milk', done: false })
  const changed = await api('/notes/:id').patch({ params: { id }, body: { done: true } })
  assert.deepEqual(changed.body, { id, text: 'Milk', done: true })
  assert.deepEqual((await api('/notes').get()).body, [{ id, text: 'Milk', done: true }])
  assert.equal((await api('/notes/:id').delete({ params: { id } })).status, 204)
  assert.equal((await api('/notes/:id').get({ params: { id } })).status, 404)
})

test('what is not valid is refused with the reason', async () => {
  const refused = await api('/notes').post({ body: { text: '' } })
  assert.equal(refused.status, 422)
  assert.deepEqual(
    (refused.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer),
    ['#/text'],
  )
})

test('its root leads to the documentation', async () => {
  const reply = await inject(app, '/')
  assert.deepEqual([reply.status, reply.headers.get('location')], [302, '/docs'])
})

test('the document describes it', async () => {
  const document = (await (await inject(app, '/openapi.json')).json()) as { paths: object }
  assert.deepEqual(Object.keys(document.paths), ['/notes', '/notes/{id}'])
})
