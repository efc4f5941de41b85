import { testBesideOthers } from '../../../packages/middleware/test/proxy-chains.ts'
import { start } from './support.ts'

testBesideOthers(async (to, trusting) => {
  const { gateway } = await start({
    upstreams: { app: { servers: [`http://127.0.0.1:${to}`] } },
    routes: [{ path: '/', proxy: 'app', bodyBytes: 1e9 }],
    ...(trusting && { trusted: { addresses: ['127.0.0.1'] } }),
  })
  return gateway.server
})
