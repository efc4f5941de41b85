import { HttpError } from '@spillway/core'
import { type Router, router } from '@spillway/middleware/router'
import { attachment, sendFiles } from '@spillway/middleware/static'

const send = sendFiles('public')

export const app: Router = router()
  .get('/invoices/:name', (c) => {
    if (c.query.get('key') !== 'mine') throw new HttpError(403)
    return send(c, c.params.name, { attachment: `Invoice ${c.params.name}` })
  })
  .get('/export', (c) => attachment(c.text('a;b\n1;2\n'), 'Größen.csv'))
