import type { Handler } from '@spillway/core'

export const outcomes: string[] = []

export const app: Handler = async (c) => {
  c.done((outcome) => {
    outcomes.push(outcome.kind === 'sent' ? `sent ${outcome.status}` : `aborted by ${outcome.by}`)
  })
  const work = new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => resolve('worth the wait\n'), c.path === '/slow' ? 60_000 : 10)
    c.signal.addEventListener('abort', () => {
      clearTimeout(timer) // the client has gone
      reject(c.signal.reason as Error)
    })
  })
  return c.text(await work)
}
