import { createHmac, timingSafeEqual } from 'node:crypto'
import { body } from '@spillway/middleware/body'
import { problem, problems } from '@spillway/middleware/problem'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(problems())
  .post('/notes', [body('json', { bodyBytes: 64 * 1024 })], (c) => c.json({ saved: c.state.body }, 201))
  .post('/contact', [body('urlencoded')], (c) => c.text(`Thank you, ${String(c.state.body['name'])}`))
  .post('/hook', [body('json', { raw: true })], (c) => {
    const expected = createHmac('sha256', 'secret').update(c.state.raw).digest()
    const signature = Buffer.from(c.headers.get('x-signature') ?? '', 'hex')
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return problem(403)
    return c.empty()
  })
