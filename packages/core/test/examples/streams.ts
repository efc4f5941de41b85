import { createReadStream } from 'node:fs'
import { serve } from '@spillway/core'

async function* ticks() {
  for (let i = 1; i <= 3; i++) yield `tick ${i}\n`
}

await serve((c) => c.stream(c.path === '/log' ? createReadStream('app.log') : ticks()))
