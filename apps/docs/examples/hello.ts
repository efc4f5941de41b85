import { serve } from '@spillway/core'

const server = await serve((c) => c.text(`Hello from ${c.path}\n`), { port: 3000 })
console.log(server.url)
