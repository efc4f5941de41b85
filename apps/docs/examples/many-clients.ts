import { serve } from '@spillway/core'
import { type Cluster, cluster } from '@spillway/core/cluster'

const port = Number(process.env['PORT'] ?? 3000)

// Runs once as the primary, where the call returns, and once in every worker, one for each core, where it does not.
export const running: Cluster = await cluster(() =>
  serve((c) => c.text(`worker ${process.env['SPILLWAY_WORKER']}\n`), { port }),
)
console.log(`ready on ${port}`)
