// Finds a port to listen on.
import { type AddressInfo, createServer } from 'node:net'

/** The port that is tried first. */
export const usualPort = 3000
/** How many ports are tried before any free one is taken. */
const tries = 10

/** The wished port, or one of the next ones, or any that is free. @param wish 0 for any. */
export async function freePort(host: string | undefined, wish: number = usualPort): Promise<number> {
  const last = wish === 0 ? 0 : wish + tries
  for (let port = wish; port < last; port++) if (await isFree(host, port)) return port
  return (await isFree(host, 0)) as number
}

/** The port, or undefined when it is in use. @throws the system's error for any other reason. */
function isFree(host: string | undefined, port: number): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(undefined)
      else reject(error)
    })
    server.listen(port, host, () => {
      const found = (server.address() as AddressInfo).port
      server.close(() => resolve(found))
    })
  })
}
