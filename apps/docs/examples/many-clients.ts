import { serve } from '@spillway/core'
import { type Cluster, cluster } from '@spillway/core/cluster'

const port = Number(process.env['PORT'] ?? 3000)

// Runs once in the primary process, where the call returns, and in each worker (one per CPU core), where it does not.
export const running: Cluster = await cluster(() =>
  serve((c) => c.text(`worker ${process.env['SPILLWAY_WORKER']}\n`), { port }),
)
console.log(`ready on ${port}`)
