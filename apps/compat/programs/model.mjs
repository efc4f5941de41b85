// Makes the calls listed in the field `steps` on a request and its response; reports the result of each call and the order of events.
import { createServer } from 'node:http'
import { listen, seen } from './lib.mjs'

const events = { req: ['end', 'close', 'aborted', 'error'], res: ['prefinish', 'finish', 'close', 'error'] }

/** A value as it can be compared. */
function show(value, req, res) {
  if (value === res) return 'res'
  if (value === req) return 'req'
  if (typeof value === 'function') return 'function'
  return value ?? null
}

const steps = {
  set: ({ res }, name, value) => res.setHeader(name, value),
  append: ({ res }, name, value) => res.appendHeader(name, value),
  remove: ({ res }, name) => res.removeHeader(name),
  get: ({ res }, name) => res.getHeader(name),
  names: ({ res }) => res.getHeaderNames(),
  head: ({ res }, ...args) => res.writeHead(...args),
  status: ({ res }, status) => void (res.statusCode = status),
  message: ({ res }, message) => void (res.statusMessage = message),
  flush: ({ res }) => res.flushHeaders(),
  write: ({ res }, text) => void res.write(text),
  bytes: ({ res }, text) => void res.write(Buffer.from(text)),
  latin1: ({ res }, text) => void res.write(text, 'latin1'),
  told: ({ res, log }, text) => void res.write(text, (error) => log.push(`told ${error?.code ?? 'fine'}`)),
  nothing: ({ res }) => void res.write(undefined),
  end: ({ res }, text) => res.end(text),
  ended: ({ res, log }, text) => res.end(text, (error) => log.push(`ended ${error?.code ?? 'fine'}`)),
  cork: ({ res }) => res.cork(),
  uncork: ({ res }) => res.uncork(),
  trailers: ({ res }, name, value) => res.addTrailers({ [name]: value }),
  destroy: ({ res }) => void res.destroy(),
  fail: ({ res }) => void res.destroy(new Error('on purpose')),
  drop: ({ req }) => void req.destroy(),
  cut: ({ req }) => void req.socket.destroy(),
  data: ({ req, log }) => void req.on('data', (chunk) => log.push(`data ${chunk.length}`)),
  resume: ({ req }) => void req.resume(),
  pause: ({ req }) => void req.pause(),
  state: ({ req, res }) => [
    res.headersSent,
    res.finished,
    res.writableEnded,
    res.destroyed,
    req.destroyed,
    req.aborted,
    res.statusCode,
  ],
  turn: () => new Promise((resolve) => setImmediate(resolve)),
  later: () => new Promise((resolve) => setTimeout(resolve, 5)),
  throw: () => {
    throw new Error('on purpose')
  },
}

const server = createServer(async (req, res) => {
  const { id, play, survives } = JSON.parse(Buffer.from(req.headers.steps, 'base64url'))
  const log = []
  if (!survives) {
    for (const [name, emitter] of Object.entries({ req, res }))
      for (const event of events[name])
        emitter.on(event, (error) => log.push(`${name} ${event}${error?.code ? ` ${error.code}` : ''}`))
  }
  for (const [name, ...args] of play) {
    try {
      const result = steps[name]({ req, res, log }, ...args)
      if (name === 'turn' || name === 'later') await result
      else log.push(`${name}: ${JSON.stringify(show(result, req, res))}`)
    } catch (error) {
      if (survives) throw error
      log.push(`${name}! ${error.code ?? error.message}`)
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 25))
  log.push(`last ${JSON.stringify(steps.state({ req, res }))}`)
  seen({ id, log })
  res.destroy()
})
// Run without this listener, the program has to survive every error.
if (process.argv[2] === 'watched') process.on('uncaughtException', () => {})
server.keepAliveTimeout = 100
listen(server)
