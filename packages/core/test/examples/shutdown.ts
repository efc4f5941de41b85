import { closeOnSignals, serve } from '@spillway/core'

const server = await serve((c) => (c.path === '/ready' && server.closing ? c.empty(503) : c.text('ok')))
closeOnSignals(server, { announce: 2_000, deadline: 20_000 })
