import { type Server, createServer } from 'node:http'
import { toNodeListener } from '@spillway/middleware/connect'
import { router } from '@spillway/middleware/router'

const app = router().get('/hello/:name', (c) => c.text(`Hello, ${c.params.name}`))

// In Express: express().use('/api', toNodeListener(app))
export const server: Server = createServer(toNodeListener(app))
