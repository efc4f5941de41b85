// Imported before a server: on SIGUSR2 it collects garbage and prints the memory still in use. For `idle.ts`.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

process.on('SIGUSR2', () => {
  for (let i = 0; i < 4; i++) collect()
  const { heapUsed, external, rss } = process.memoryUsage()
  console.log(`MEMORY ${JSON.stringify({ js: heapUsed + external, resident: rss })}`)
})
