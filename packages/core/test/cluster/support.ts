import type { ChildProcess, ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawn } from '@spillway/vitest-config/tools'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { ClusterClosed, ClusterOptions, ClusterStatus, WorkerEvent } from '../../src/cluster.ts'
import { buildProgram } from '../programs.ts'
import { until } from '../support.ts'

/** One line of what the program tells. */
export interface Line {
  readonly event?: WorkerEvent
  readonly url?: string
  readonly pid?: number
  readonly place?: string
  readonly primary?: number
  readonly blocked?: number
  /** The worker with a request that has learnt of the shutdown. */
  readonly shutdown?: number
  readonly status?: ClusterStatus
  readonly reload?: string
  readonly twice?: string
  readonly close?: ClusterClosed
  readonly finish?: ClusterClosed
}

/** The program of the tests, running. */
export interface Program {
  readonly child: ChildProcess
  readonly lines: readonly Line[]
  readonly errors: string
  /** Where its workers serve. */
  readonly url: URL
  /** Resolves when the process and all that inherited its output are gone. */
  readonly gone: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** The first line that matches, among those after the first `skip`; waits for it. */
  saw(matches: (line: Line) => boolean, skip?: number): Promise<Line>
  /** What it answers to a command. */
  ask<K extends 'status' | 'reload' | 'twice' | 'finish' | 'close'>(command: K): Promise<NonNullable<Line[K]>>
  /** Pids of the workers that are ready. */
  ready(): Promise<number[]>
}

export interface Launch {
  readonly options?: ClusterOptions
  readonly env?: Record<string, string>
  /** A command that runs the program, before `node`. */
  readonly under?: readonly string[]
  /** Descriptors it inherits, from 3. */
  readonly fds?: readonly number[]
  /** Whether it leads a process group of its own. */
  readonly detached?: boolean
}

/** Builds the program for a test file; `folder` and `launch` work within its tests. */
export function clusterProgram(): { readonly folder: () => string; readonly launch: (how?: Launch) => Program } {
  let folder = ''
  const programs: Program[] = []
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'spillway-cluster-'))
    await buildProgram('cluster-app', folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  afterEach(async () => {
    // The workers end because their primary does; those that cannot are killed by pid.
    for (const { child, lines, gone } of programs.splice(0)) {
      child.kill('SIGKILL')
      for (const pid of alive(lines)) tryKill(pid)
      await gone
    }
  })
  const launch = (how: Launch = {}): Program => {
    const program = startProgram(join(folder, 'cluster-app.mjs'), how)
    programs.push(program)
    return program
  }
  return { folder: () => folder, launch }
}

function alive(lines: readonly Line[]): Set<number> {
  const pids = new Set<number>()
  for (const { event } of lines) {
    if (event?.state === 'ended') pids.delete(event.pid)
    else if (event && event.pid > 0) pids.add(event.pid)
  }
  return pids
}

function tryKill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}

function startProgram(
  file: string,
  { options = {}, env = {}, under = [], fds = [], detached = false }: Launch,
): Program {
  const [command, ...args] = [...under, process.execPath, file]
  const child = spawn(command, args, {
    env: { ...process.env, NODE_OPTIONS: '', OPTIONS: JSON.stringify({ workers: 2, ...options }), ...env },
    stdio: ['pipe', 'pipe', 'pipe', ...fds],
    detached,
  }) as ChildProcessWithoutNullStreams
  const lines: Line[] = []
  let rest = ''
  let errors = ''
  let over = false
  child.stdin.on('error', () => {})
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop()!
    for (const part of parts) lines.push(JSON.parse(part) as Line)
  })
  const gone = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => {
      over = true
      resolve({ code, signal })
    })
  })
  const saw: Program['saw'] = async (matches, skip = 0) => {
    const find = (): Line | undefined => lines.slice(skip).find(matches)
    await until(() => over || find() !== undefined)
    const line = find()
    if (!line) throw new Error(`The program ended without saying it. It said:\n${JSON.stringify(lines)}\n${errors}`)
    return line
  }
  const ask: Program['ask'] = async (about) => {
    const skip = lines.length
    child.stdin.write(`${about}\n`)
    return (await saw((line) => line[about] !== undefined && line.primary === undefined, skip))[about]!
  }
  return {
    child,
    lines,
    gone,
    saw,
    ask,
    get errors() {
      return errors
    },
    get url() {
      return new URL(lines.find(({ url }) => url)!.url!)
    },
    ready: async () => {
      await saw(({ primary }) => primary !== undefined)
      const { workers } = await ask('status')
      return workers.filter(({ state }) => state === 'ready').map(({ pid }) => pid)
    },
  }
}

/** Whether an event line tells this. */
export function told(want: Partial<WorkerEvent>): (line: Line) => boolean {
  return ({ event }) =>
    event !== undefined && Object.entries(want).every(([key, value]) => event[key as keyof WorkerEvent] === value)
}

/** One request on a connection of its own; rejects when no complete reply comes. */
export async function fetchText(url: URL, path = '/', agent?: Agent): Promise<string> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const { hostname, port } = url
    request({ hostname, port, path, ...(agent ? { agent } : { agent: false }) }, resolve)
      .on('error', reject)
      .end()
  })
  response.setEncoding('utf8')
  let text = ''
  for await (const part of response) text += part as string
  if (response.statusCode !== 200) throw new Error(`Status ${response.statusCode}`)
  return text
}

/** A request whose handler runs and waits for the rest of the content. */
export interface HeldRequest {
  /** The worker's answer, complete. */
  finish(): Promise<string>
}

export async function holdRequest(url: URL): Promise<HeldRequest> {
  const socket = connect(Number(url.port), url.hostname)
  let received = ''
  let ended = false
  socket.setEncoding('latin1').on('data', (text: string) => (received += text))
  socket.on('error', () => {}).on('close', () => (ended = true))
  socket.write('POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n')
  await until(() => ended || received.includes('100 Continue'))
  return {
    finish: async () => {
      socket.write('held')
      await until(() => ended || received.endsWith(' held'))
      socket.destroy()
      return received
    },
  }
}

/** Clients that send one request after the other on kept connections until stopped. */
export interface Load {
  readonly answered: number
  readonly failures: readonly string[]
  /** Resolves when this many more have been answered. */
  more(count: number): Promise<void>
  stop(): Promise<void>
}

export function startLoad(url: URL, clients: number): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: clients })
  const failures: string[] = []
  let answered = 0
  const state = { running: true }
  const client = async (): Promise<void> => {
    while (state.running) {
      try {
        await fetchText(url, '/load', agent)
        answered++
      } catch (error) {
        failures.push(String(error))
      }
    }
  }
  const all = Array.from({ length: clients }, client)
  return {
    get answered() {
      return answered
    },
    failures,
    more: (count) => {
      const goal = answered + count
      return until(() => answered >= goal)
    },
    stop: async () => {
      state.running = false
      await Promise.all(all)
      agent.destroy()
    },
  }
}
