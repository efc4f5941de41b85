import { wrap } from '@spillway/middleware'
import { client } from '@spillway/middleware/client'
import { proxy } from '@spillway/middleware/proxy'
import { testBesideOthers } from './proxy-chains.ts'
import { group } from './proxy-support.ts'
import { start } from './server.ts'

testBesideOthers((to, trusting) => {
  const ours = proxy(group([`http://127.0.0.1:${to}`]))
  const layers = trusting ? [client({ trusted: ['127.0.0.1'], fields: ['x-forwarded-for'] })] : []
  return start(wrap(layers, ours), { limits: { bodyBytes: 1e9 }, onError: () => {} })
})
