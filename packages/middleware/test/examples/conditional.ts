import { conditional, precondition } from '@spillway/middleware/conditional'
import { type Router, router } from '@spillway/middleware/router'

let page = { version: 1, text: 'Hello' }
const tag = (): { etag: string } => ({ etag: `"${page.version}"` })

export const app: Router = router()
  .get('/news', [conditional()], (c) => c.json(['rain', 'sun'])) // ETag from the content; 304 when it is the same
  .get('/page', (c) => precondition(c, tag()) ?? c.text(page.text, { headers: { ETag: tag().etag } }))
  .put('/page', async (c) => {
    const refused = precondition(c, tag()) // 412 when somebody else was faster
    if (refused) return refused
    page = { version: page.version + 1, text: await c.body.text() }
    return c.empty({ headers: { ETag: tag().etag } })
  })
