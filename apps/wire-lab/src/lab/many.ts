// The comparison of many connections on several servers.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { weigh } from './weigh.ts'
import { type ManyNews, type Sample, type Way, ways } from '../model/many.ts'

/** The programs of the comparison. */
export interface Programs {
  readonly server: URL
  readonly load: URL
  /** How long each server is under load. Default: 5. */
  readonly seconds?: number
}

/** Milliseconds that a server has to start, and to end once asked to. */
const [startTime, endTime] = [40_000, 3_000]

/**
 * Puts the same load on four servers, one after the other, so that none takes the processor from another; reports
 * what happens, one line of JSON each. All processes it started are gone when it ends or its consumer stops reading.
 */
export async function* compare(programs: Programs): AsyncGenerator<string> {
  for (const way of ways)
    for await (const news of measure(way, programs)) yield `${JSON.stringify(news satisfies ManyNews)}\n`
}

async function* measure(way: Way, { server, load, seconds = 5 }: Programs): AsyncGenerator<ManyNews> {
  yield { way, is: 'starting' }
  const children: ChildProcess[] = []
  try {
    const serving = run(children, server, way)
    const { port, processes } = await ready(serving)
    yield { way, is: 'running', processes, seconds }
    const loading = run(children, load, String(port), String(seconds))
    const half = performance.now() + seconds * 500
    let isWeighed = false
    for await (const line of createInterface(loading.stdout!)) {
      const samples = JSON.parse(line) as Sample[]
      yield { way, is: 'measured', samples }
      if (isWeighed || performance.now() < half) continue
      isWeighed = true
      const cost = await weigh(serving.pid!)
      if (cost) yield { way, is: 'cost', ...cost }
    }
    yield { way, is: 'done' }
  } catch (error) {
    yield { way, is: 'failed', message: (error as Error).message }
  } finally {
    await Promise.all(children.map(end))
  }
}

function run(children: ChildProcess[], program: URL, ...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [fileURLToPath(program), ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.on('error', () => {})
  children.push(child)
  return child
}

/** Reads what a server prints about itself until it is ready. */
async function ready(child: ChildProcess): Promise<{ port: number; processes: number }> {
  const timer = setTimeout(() => child.kill('SIGKILL'), startTime)
  let port = 0
  try {
    for await (const line of createInterface(child.stdout!)) {
      if (line.startsWith('http')) port = Number(new URL(line).port)
      const processes = /^ready (\d+)$/.exec(line)?.[1]
      if (processes) {
        child.stdout!.resume()
        return { port, processes: Number(processes) }
      }
    }
  } finally {
    clearTimeout(timer)
  }
  throw new Error('The server did not start')
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), endTime)
  await ended
  clearTimeout(timer)
}
