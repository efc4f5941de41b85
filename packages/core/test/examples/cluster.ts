import { serve } from '@spillway/core'
import { cluster } from '@spillway/core/cluster'

const start = () => serve((c) => c.text(`worker ${process.env['SPILLWAY_WORKER']}`), { port: 3000 })
const running = await cluster(start, { deadline: 20_000 })
console.log(running.status.workers) // only the primary gets here: in a worker the call does not return
