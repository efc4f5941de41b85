import { withTools } from '../../vitest/tools.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Built, buildGateway } from '../../../apps/gateway/test/built.ts'
import { checks } from '../front/checks.mjs'
import { score } from '../front/client.mjs'
import { servers, start } from '../front/servers.mjs'
import { openssl, php, startSite } from '../front/site.mjs'

withTools(openssl, php)('the gateway', { timeout: 240_000 }, () => {
  let built: Built
  beforeAll(async () => {
    built = await buildGateway()
  }, 120_000)
  afterAll(() => built.remove())

  test('does for a site what is asked of front servers', async () => {
    const site = await startSite()
    const at = await start(servers(built.program)[0]!, site)
    const results = await score(checks, at)
    await at.stop()
    await site.stop()
    expect(results.filter(({ passed }) => !passed)).toEqual([])
    expect(results).toHaveLength(26)
  })
})
