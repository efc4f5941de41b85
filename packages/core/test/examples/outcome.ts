import { serve } from '@spillway/core'

await serve(async (c) => {
  c.done((outcome) => console.log(c.target, outcome)) // once: { kind: 'sent', … } or { kind: 'aborted', by, … }
  const answer = await fetch('http://127.0.0.1:9000/slow', { signal: c.signal })
  return c.stream(answer.body)
})
