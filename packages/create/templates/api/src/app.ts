import { health } from '@spillway/middleware/health'
import { apiPage, openApi } from '@spillway/middleware/openapi'
import { problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import { z } from 'zod'
import { NewNote, Note, NoteChange, notes } from './notes.ts'

const Id = z.object({ id: z.coerce.number().int() })
const Page = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(20),
  offset: z.coerce.number().int().min(0).default(0),
})

const api = router()
  .use(problems())
  .get('/notes', { summary: 'The notes', query: Page, gives: { 200: z.array(Note) } }, (c, give) => {
    const { limit, offset } = c.state.valid.query
    return give(200, notes.all(limit, offset))
  })
  .post('/notes', { summary: 'Adds a note', body: NewNote, gives: { 201: Note } }, (c, give) => {
    const note = notes.add(c.state.valid.body)
    return give(201, note, { headers: { Location: `/notes/${note.id}` } })
  })
  .get('/notes/:id', { params: Id, gives: { 200: Note, 404: null } }, (c, give) => {
    const note = notes.find(c.state.valid.params.id)
    return note ? give(200, note) : give(404)
  })
  .patch('/notes/:id', { params: Id, body: NoteChange, gives: { 200: Note, 404: null } }, (c, give) => {
    const note = notes.change(c.state.valid.params.id, c.state.valid.body)
    return note ? give(200, note) : give(404)
  })
  .delete('/notes/:id', { params: Id, gives: { 204: null, 404: null } }, (c, give) =>
    notes.remove(c.state.valid.params.id) ? give(204) : give(404),
  )

/** For clients: `client<Api>(url)` of `@spillway/middleware/contract-client`. */
export type Api = typeof api

const document = openApi(api, { info: { title: '{{name}}', version: '1.0.0' } })
api
  .get('/openapi.json', (c) => c.json(document))
  .get('/docs', apiPage('/openapi.json'))
  .get('/', (c) => c.redirect('/docs'))
  .get('/live', health())

export default api
