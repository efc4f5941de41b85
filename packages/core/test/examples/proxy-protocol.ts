import { serve } from '@spillway/core'

await serve((c) => c.text(c.peer.address), {
  port: 8080,
  proxyProtocol: { trusted: ['127.0.0.1', '10.0.0.0/8', 'fd00::/8'] },
})
