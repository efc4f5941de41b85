import { HttpError } from '@spillway/core'
import { ProblemError, problems } from '@spillway/middleware/problem'
import { router } from '@spillway/middleware/router'
import { z } from 'zod'

const Order = z.object({ item: z.string().min(1), amount: z.int().positive() })
const stock = new Map([['tea', 3]])

export const app = router()
  .use(problems()) // every error response below in one format
  .post('/orders', { body: Order, gives: { 201: Order } }, (c, give) => {
    const order = c.state.valid.body
    const left = stock.get(order.item)
    if (left === undefined) throw new HttpError(404, `There is no ${order.item}`)
    if (left < order.amount) throw new ProblemError(409, 'SOLD_OUT', { detail: `${left} left`, left })
    stock.set(order.item, left - order.amount)
    return give(201, order)
  })
  .get('/broken', () => {
    throw new Error('what nobody outside has to know')
  })
