// Common to all programs here: listen on a free port, report it, and end when the parent process asks for it.

/** Reports where the program listens; `close` shuts down this framework. */
export function ready(port, close) {
  process.on('message', async (message) => {
    if (message !== 'close') return
    await close()
    process.send({ closed: true }, () => process.disconnect())
  })
  process.on('disconnect', () => process.exit())
  process.send({ port })
}

/** Listens with a server that has the interface of Node's. */
export function listen(server) {
  server.listen(0, '127.0.0.1', () =>
    ready(server.address().port, () => new Promise((resolve) => server.close(resolve))),
  )
}

/** Reports to the parent what was seen. */
export function seen(what) {
  process.send({ seen: what })
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Content in three pieces, with pauses between them. */
export async function* pieces() {
  for (const piece of ['one ', 'two ', 'three']) {
    yield piece
    await pause(5)
  }
}
