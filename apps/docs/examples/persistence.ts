import { type Server, channels, serve } from '@spillway/core'

const closed = ({ connection, requests, reason }: { connection: number; requests: number; reason: string }): void =>
  console.log(`connection ${connection} served ${requests} requests and ended: ${reason}`)
channels.close.subscribe(closed)

export const server: Server = await serve((c) => c.text('again?\n'), {
  port: 0,
  limits: { requestsPerConnection: 1000 },
  timeouts: { keepAlive: 75_000 },
})
