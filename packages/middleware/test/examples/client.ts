import { client } from '@spillway/middleware/client'
import { type Router, router } from '@spillway/middleware/router'

export const app: Router = router()
  .use(client({ trusted: ['127.0.0.1', '10.0.0.0/8'], fields: 'forwarded' }))
  .get('/', (c) => {
    const { address, protocol, host } = c.state.client
    return c.text(`${address} asked for ${protocol}://${host}`)
  })
