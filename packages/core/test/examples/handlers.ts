import { HttpError, serve } from '@spillway/core'

await serve(async (c) => {
  if (c.method !== 'POST') return c.text('POST something', { status: 405, headers: { Allow: 'POST' } })
  const order = await c.body.json<{ amount: number }>() // 413 above the limit, 400 when it is not JSON
  if (order.amount < 1) throw new HttpError(422, 'An order has at least one item')
  return c.json({ accepted: order.amount }, 201)
})
