import { type Handler, HttpError } from '@spillway/core'

interface Order {
  amount: number
}

export const app: Handler = async (c) => {
  if (c.method !== 'POST') return c.text('POST an order\n', { status: 405, headers: { Allow: 'POST' } })
  const order = await c.body.json<Order>(1024) // 413 above 1024 bytes, 400 when it is not JSON
  if (order.amount < 1) throw new HttpError(422, 'An order has at least one item')
  return c.json({ accepted: order.amount, by: c.headers.get('user-agent') }, 201)
}
