import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { nginxArguments } from './nginx.ts'
import { findProgram, run } from './processes.ts'
import type { Feature } from './workloads.ts'

/** A server that can take part. */
export interface Contender {
  readonly name: string
  readonly features: readonly Feature[]
  /** The package whose version is told; without one it is a program, or all of it is in its file. */
  readonly package?: string
  /** A program that must be installed. Default: Node.js, running the file of the server's name. */
  readonly program?: string
  /** The file of another one, which runs on Spillway by `--import @spillway/node`. */
  readonly onSpillway?: string
  /** Whether it takes part only when it is named. */
  readonly isAside?: true
  /** Another runtime for the file, from npm: package and version; the program has the package's name. */
  readonly runtime?: string
}

/** Milliseconds for a runtime to come from npm. */
const fetchTime = 120_000

const everything: readonly Feature[] = ['greeting', 'closing', 'application', 'static', 'tls', 'websocket']

export const spillway: Contender = { name: 'spillway', features: [...everything, 'schema'], package: '@spillway/core' }

export const contenders: readonly Contender[] = [
  { name: 'raw-net', features: ['greeting'] },
  { name: 'node-http', features: everything },
  spillway,
  { name: 'fastify', features: ['greeting', 'closing', 'application', 'schema', 'static', 'tls'], package: 'fastify' },
  { name: 'hono', features: ['greeting', 'closing', 'application', 'static'], package: 'hono' },
  { name: 'express', features: ['greeting', 'closing', 'application', 'static'], package: 'express' },
  { name: 'h3', features: ['greeting', 'closing', 'application'], package: 'h3' },
  { name: 'bun', features: everything, runtime: 'bun@1.4.5' },
  { name: 'deno', features: ['greeting', 'closing', 'application', 'tls', 'websocket'], runtime: 'deno@2.9.6' },
  { name: 'nginx', features: ['greeting', 'closing', 'static', 'tls'], program: 'nginx' },
  { name: 'koa', features: ['greeting'], package: 'koa', isAside: true },
  { name: 'nest', features: ['greeting'], package: '@nestjs/core', isAside: true },
  ...['node-http', 'express', 'fastify', 'koa', 'nest'].map(onSpillway),
]

/** A server of Node's, unchanged, on our core. */
function onSpillway(name: string): Contender {
  return {
    name: `${name}-spillway`,
    features: ['greeting'],
    package: '@spillway/core',
    onSpillway: name,
    isAside: true,
  }
}

/** Where things are. */
export interface Places {
  /** Built server files. */
  readonly servers: string
  /** Temporary files of this run. */
  readonly folder: string
  /** Directory behind `/static/`. */
  readonly directory: string
}

/** The command line of a server, without pinning. */
export async function commandOf(
  contender: Contender,
  places: Places,
  port: number,
  tls: boolean,
  nodeFlags: readonly string[],
): Promise<string[]> {
  const { name, program, runtime, onSpillway: other } = contender
  if (program !== undefined)
    return [findProgram(program) ?? program, ...nginxArguments(places.folder, port, places.directory, tls)]
  if (runtime !== undefined) return [...(await runtimeCommand(runtime)), join(places.servers, `${name}.js`)]
  if (other === undefined) return [process.execPath, ...nodeFlags, join(places.servers, `${name}.js`)]
  const installed = ['--import', import.meta.resolve('@spillway/node')]
  return [process.execPath, ...nodeFlags, ...installed, join(places.servers, `${other}.js`)]
}

/** Where npx keeps a runtime, by package; fetched when it is asked for first. */
const runtimes = new Map<string, Promise<string>>()

async function runtimeCommand(spec: string): Promise<string[]> {
  const [name = ''] = spec.split('@')
  let found = runtimes.get(spec)
  if (!found) {
    found = run(['npx', '--yes', `--package=${spec}`, '-c', `command -v ${name}`], fetchTime).then((text) =>
      text.trim(),
    )
    runtimes.set(spec, found)
  }
  return name === 'deno' ? [await found, 'run', '-A', '--no-lock'] : [await found]
}

/** Version of what is measured, for the record. */
export async function versionOf(contender: Contender, places: Places): Promise<string> {
  if (contender.program !== undefined) {
    const output = await run([findProgram(contender.program) ?? contender.program, '-v'], 5000)
    return /\d[\w.]*/.exec(output)?.[0] ?? 'unknown'
  }
  if (contender.runtime !== undefined) return contender.runtime.split('@')[1] ?? ''
  if (contender.package === undefined) return process.versions.node
  const manifest = join(places.servers, '../../node_modules', contender.package, 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
