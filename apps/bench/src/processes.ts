// Programs, and servers under test.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Milliseconds within which a server has to open its port, and to end. */
const startTime = 15_000
const stopTime = 5000

/** Where a program is, or undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  // Debian installs nginx in a folder that only root has in its PATH.
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Runs a command to its end and returns what it printed. @throws Error when it fails or takes too long. */
export async function run(command: readonly string[], timeout: number): Promise<string> {
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], timeout })
  running.add(child)
  const output = collect(child)
  const [status] = (await once(child, 'close')) as [number | null]
  running.delete(child)
  if (status !== 0)
    throw new Error(`${nameOf(command)} ended with ${status ?? child.signalCode}: ${command.join(' ')}\n${output()}`)
  return output()
}

/** The name of the program, without the command that pins it to a core. */
function nameOf(command: readonly string[]): string {
  return (command[0] === 'taskset' ? command[3] : command[0]) ?? ''
}

/** A server under test. */
export interface RunningServer {
  readonly pid: number
  readonly port: number
  /** Settles when the process ends. */
  readonly end: Promise<unknown>
  /** What it printed, if it has ended by itself. */
  said(): string | undefined
  /** Ends it, with SIGKILL when it does not react. */
  stop(): Promise<void>
}

/** Starts a server and waits for its port. @throws Error with what the server printed, when it does not come up. */
export async function startServer(
  command: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv,
  patience: number = startTime,
): Promise<RunningServer> {
  const child = spawn(command[0] ?? '', command.slice(1), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  running.add(child)
  let ended = false
  const output = collect(child)
  const end = once(child, 'close').finally(() => {
    ended = true
    running.delete(child)
  })
  // Awaited below; until then, the flag shows that it failed to start.
  end.catch(() => {})
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopTime)
    await end.catch(() => {})
    clearTimeout(timer)
  }
  const deadline = Date.now() + patience
  while (!(await accepts(port))) {
    if (!ended && Date.now() < deadline) {
      await sleep(20)
      continue
    }
    await stop()
    throw new Error(`it did not start: ${command.join(' ')}\n${output()}`)
  }
  return { pid: child.pid ?? 0, port, end, stop, said: () => (ended ? output() : undefined) }
}

const running = new Set<ChildProcess>()

/** Ends everything that was started, when the bench itself has to end at once. */
export function killAll(): void {
  for (const child of running) child.kill('SIGKILL')
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Keeps the end of what a process prints. */
function collect(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (part: string) => (text = (text + part).slice(-10_000)))
  return () => text
}
