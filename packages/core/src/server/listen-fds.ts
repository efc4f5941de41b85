/** A listening socket inherited from the service manager. */
export interface InheritedSocket {
  /** Pass it to `listen({ fd })`. */
  readonly fd: number
  /** The socket unit's `FileDescriptorName`; empty when there is none. */
  readonly name: string
}

/** The environment variable with the number of a worker in its cluster, from 1. */
export const placeVariable = 'SPILLWAY_WORKER'

/** The first descriptor that is passed; the ones before it are standard input, output and error. */
const first = 3

/**
 * The sockets that systemd opened for this process (socket activation, sd_listen_fds(3)); none when it was started in
 * another way, or when they were meant for another process. With these, the service keeps its port while it restarts, needs no
 * privileges for low ports, and connections wait instead of being refused. The workers of a cluster get those of their
 * primary, which opens them for all.
 *
 * @param env Default: `process.env`; LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES are read.
 * @param pid Default: this process; in the worker of a cluster, its primary.
 */
export function listenFds(env: NodeJS.ProcessEnv = process.env, pid: number = owner()): InheritedSocket[] {
  if (env['LISTEN_PID'] !== String(pid)) return []
  const count = env['LISTEN_FDS'] ?? ''
  if (!/^\d{1,4}$/.test(count)) return []
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':')
  return Array.from({ length: Number(count) }, (_, i) => ({ fd: first + i, name: names[i] ?? '' }))
}

/** The process that the service manager started: this one, or the primary of its cluster. */
function owner(): number {
  return process.env[placeVariable] === undefined ? process.pid : process.ppid
}
