/** A listening socket inherited from the service manager. */
export interface InheritedSocket {
  /** For `listen({ fd })`. */
  readonly fd: number
  /** The socket unit's `FileDescriptorName`; empty when there is none. */
  readonly name: string
}

/** The first descriptor that is passed; before it are standard input, output and errors. */
const first = 3

/**
 * The sockets that systemd opened for this process (socket activation, sd_listen_fds(3)): none when it was started in
 * another way, or when they were meant for another process. The service keeps its port while it restarts, needs no
 * privilege for low ones, and connections wait instead of being refused.
 *
 * @param env Default: `process.env`; LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are read.
 * @param pid Default: this process.
 */
export function listenFds(env: NodeJS.ProcessEnv = process.env, pid: number = process.pid): InheritedSocket[] {
  if (env['LISTEN_PID'] !== String(pid)) return []
  const count = env['LISTEN_FDS'] ?? ''
  if (!/^\d{1,4}$/.test(count)) return []
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
  return Array.from({ length: Number(count) }, (_, i) => ({ fd: first + i, name: names[i] ?? '' }))
}
