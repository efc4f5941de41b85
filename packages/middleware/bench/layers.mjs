// What composing and routing cost per request, in nanoseconds: node bench/layers.mjs, after a build.
import { Reply } from '@spillway/core'
import { wrap } from '../dist/index.js'
import { router } from '../dist/router.js'
import { compare } from './measure.mjs'

const reply = new Reply('x')
const answer = () => reply
const through = (_, next) => next()
const layers = (count) => Array.from({ length: count }, () => (c, next) => through(c, next))

const routes = router()
for (const name of ['users', 'posts', 'tags', 'files']) {
  routes.get(`/${name}`, answer).get(`/${name}/:id`, answer).get(`/api/v1/${name}/:id/comments/:comment`, answer)
}
const get = (path) => ({ method: 'GET', path, params: {} })

const cases = [
  ['handler alone', answer, get('/')],
  ['1 synchronous layer', wrap(layers(1), answer), get('/')],
  ['5 synchronous layers', wrap(layers(5), answer), get('/')],
  [
    '5 asynchronous layers',
    wrap(
      layers(5).map((layer) => async (c, next) => layer(c, next)),
      answer,
    ),
    get('/'),
  ],
  ['route without parameters', routes, get('/tags')],
  ['route with one', routes, get('/posts/42')],
  ['route with two, deep', routes, get('/api/v1/files/42/comments/7')],
  ['route with a parameter to decode', routes, get('/posts/a%20b')],
]

await compare(
  cases.map(([name, handler, context]) => [name, 1_000_000, () => handler(context)]),
  { unit: 'ns', runs: 7 },
)
