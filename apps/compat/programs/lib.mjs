// What every program here does: it listens on a free port, says which, and ends when its parent tells it to.

/** Says where it listens; `close` is how this framework ends. */
export function ready(port, close) {
  process.on('message', async (message) => {
    if (message !== 'close') return
    await close()
    process.send({ closed: true }, () => process.disconnect())
  })
  process.on('disconnect', () => process.exit())
  process.send({ port })
}

/** Listens by a server of Node's kind. */
export function listen(server) {
  server.listen(0, '127.0.0.1', () =>
    ready(server.address().port, () => new Promise((resolve) => server.close(resolve))),
  )
}

/** Tells the parent what was seen. */
export function seen(what) {
  process.send({ seen: what })
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

/** Content in three pieces, at some distance. */
export async function* pieces() {
  for (const piece of ['one ', 'two ', 'three']) {
    yield piece
    await pause(5)
  }
}
