import { type Router, router } from '@spillway/middleware/router'
import { serverTiming } from '@spillway/middleware/server-timing'

const findBooks = async (): Promise<string[]> => ['TCP/IP Illustrated']

export const app: Router = router()
  .use(serverTiming())
  .get('/books', async (c) => {
    const books = await c.state.timing.measure('db', findBooks)
    const stop = c.state.timing.start('render', 'the list')
    const reply = c.html(`<li>${books.join('<li>')}`)
    stop()
    return reply
  })
