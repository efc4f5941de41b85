import { type Server, serve } from '@spillway/core'

export const server: Server = await serve((c) => c.text(`Hello from ${c.path}\n`), { port: 0 })
console.log(server.url)
