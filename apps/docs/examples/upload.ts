import type { Handler } from '@spillway/core'

export const app: Handler = async (c) => {
  let bytes = 0
  c.body.limit = 1024 ** 3 // for this request; the server's own limit stays
  for await (const chunk of c.body) bytes += chunk.length // back-pressure: the client sends no faster than this loop reads
  return c.json({ bytes })
}
