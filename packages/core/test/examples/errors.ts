import { errorFacts, serve } from '@spillway/core'

await serve((c) => c.json(JSON.parse(c.search.slice(1))), {
  onError: (error, c) => c?.json({ error: 'sorry' }, errorFacts(error).status), // 500 when the error has no status of its own
})
