import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { type Server, serve } from '@spillway/core'
import { staticFiles } from '@spillway/middleware/static'
import { expect, test } from 'vitest'
import { checks } from '../static/checks.mjs'
import { options } from '../static/options.mjs'
import { score } from '../static/score.mjs'
import { makeSite } from '../static/site.mjs'

// The site has a FIFO and symbolic links.
test.skipIf(process.platform === 'win32')(
  'our server passes every check of the scorecard',
  { timeout: 120_000 },
  async () => {
    const root = makeSite()
    const start = (at: keyof typeof options): Promise<Server> =>
      serve(staticFiles(root, options[at]), { port: 0, onError: () => {} })
    const [site, listing, application] = await Promise.all([start('site'), start('listing'), start('application')])
    const { pid } = process
    const instances = {
      site: { port: site.port, pid },
      listing: { port: listing.port, pid },
      application: { port: application.port, pid },
    }
    const results = await score(root, instances)
    await Promise.all([site, listing, application].map((server) => server.close({ deadline: 0 })))
    rmSync(dirname(root), { recursive: true })
    expect(results.filter(({ passed }) => !passed)).toEqual([])
    expect(results).toHaveLength(checks.length)
    expect(results.length).toBeGreaterThanOrEqual(80)
  },
)
