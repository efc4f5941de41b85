import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Built, buildGateway } from '../../../apps/gateway/test/built.ts'
import { checks } from '../front/checks.mjs'
import { score } from '../front/client.mjs'
import { servers, start } from '../front/servers.mjs'
import { phpProgram, startSite } from '../front/site.mjs'

let built: Built
beforeAll(async () => {
  built = await buildGateway()
}, 120_000)
afterAll(() => built.remove())

const missing = process.platform === 'win32' ? 'unix sockets' : phpProgram() === undefined ? 'php-fpm' : ''

test.skipIf(missing !== '')(
  `the gateway does for a site what is asked of front servers${missing && ` (skipped: no ${missing})`}`,
  { timeout: 120_000 },
  async () => {
    const site = await startSite()
    const at = await start(servers(built.program)[0]!, site)
    const results = await score(checks, at)
    await at.stop()
    await site.stop()
    expect(results.filter(({ passed }) => !passed)).toEqual([])
    expect(results).toHaveLength(26)
  },
)
