import { setTimeout as sleep } from 'node:timers/promises'
import { serve } from '@spillway/core'
import { router } from '@spillway/middleware/router'

/** One server of the demo: answers with its name, after a delay as of an application. Ends with its parent process. */
export async function runBackend(name: string, port: number): Promise<void> {
  const app = router()
    .get('/healthz', (c) => c.text('ok'))
    .get('/api/hello', async (c) => {
      await sleep(Math.random() ** 3 * 60)
      return c.json({ server: name, client: c.headers.get('x-forwarded-for'), at: new Date() })
    })
    .get('/api/quick', (c) => c.json({ server: name }))
  const server = await serve(app, { host: '127.0.0.1', port })
  process.on('disconnect', () => process.exit())
  process.send?.(server.port)
}
