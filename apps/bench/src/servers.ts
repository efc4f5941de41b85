// The servers that can take part.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { h2oArguments } from './h2o.ts'
import { nginxArguments } from './nginx.ts'
import { findProgram, run } from './processes.ts'
import { host } from './settings.ts'
import type { Feature, Tls } from './workloads.ts'

/** A server that can take part. */
export interface Contender {
  readonly name: string
  readonly features: readonly Feature[]
  /** The package whose version is told; without one it is a program, or all of it is in its file. */
  readonly package?: string
  /** A program that must be installed. Default: Node.js, running the file of the server's name. */
  readonly program?: Program
  /** The file of another one, which runs on Spillway by `--import @spillway/node`. */
  readonly onSpillway?: string
  /** Whether it takes part only when it is named. */
  readonly isAside?: true
  /** Another runtime for the file, from npm: package and version; the program has the package's name. */
  readonly runtime?: string
}

/** A server that is a program of its own. */
interface Program {
  readonly name: string
  /** Makes it tell its version. */
  readonly version: string
  /** Writes what configuration it needs and gives its command line. */
  arguments(places: Places, port: number, tls: Tls): string[]
}

const nginx: Program = {
  name: 'nginx',
  version: '-v',
  arguments: ({ folder, directory }, port, tls) => nginxArguments(folder, port, directory, tls),
}
const h2o: Program = { name: 'h2o', version: '-v', arguments: ({ folder }, port) => h2oArguments(folder, port) }
const nghttpd: Program = {
  name: 'nghttpd',
  version: '--version',
  arguments: ({ folder }, port) => {
    const files = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    return [`--htdocs=${folder}`, `--address=${host}`, String(port), ...files]
  },
}

/** Milliseconds for a runtime to come from npm. */
const fetchTime = 120_000

const http1: readonly Feature[] = ['greeting', 'closing', 'application', 'static', 'tls']
const sockets: readonly Feature[] = ['websocket', 'packed', 'publish']

export const spillway: Contender = {
  name: 'spillway',
  features: [...http1, ...sockets, 'http2', 'schema'],
  package: '@spillway/core',
}

export const contenders: readonly Contender[] = [
  { name: 'raw-net', features: ['greeting'] },
  { name: 'node-http', features: http1 },
  spillway,
  { name: 'fastify', features: [...http1, 'schema'], package: 'fastify' },
  { name: 'hono', features: ['greeting', 'closing', 'application', 'static'], package: 'hono' },
  { name: 'express', features: ['greeting', 'closing', 'application', 'static'], package: 'express' },
  { name: 'h3', features: ['greeting', 'closing', 'application'], package: 'h3' },
  { name: 'bun', features: [...http1, ...sockets], runtime: 'bun@1.4.5' },
  { name: 'deno', features: ['greeting', 'closing', 'application', 'tls', 'websocket'], runtime: 'deno@2.9.6' },
  { name: 'nginx', features: ['greeting', 'closing', 'static', 'tls', 'http2'], program: nginx },
  { name: 'h2o', features: ['http2'], program: h2o },
  { name: 'nghttpd', features: ['http2'], program: nghttpd },
  { name: 'node-http2', features: ['http2'] },
  { name: 'ws', features: sockets, package: 'ws' },
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
  tls: Tls,
  nodeFlags: readonly string[],
): Promise<string[]> {
  const { name, program, runtime, onSpillway: other } = contender
  if (program !== undefined) return [findProgram(program.name) ?? program.name, ...program.arguments(places, port, tls)]
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
    const { name, version } = contender.program
    const output = await run([findProgram(name) ?? name, version], 5000)
    return /\d+\.[\w.]+/.exec(output)?.[0] ?? 'unknown'
  }
  if (contender.runtime !== undefined) return contender.runtime.split('@')[1] ?? ''
  if (contender.package === undefined) return process.versions.node
  const manifest = join(places.servers, '../../node_modules', contender.package, 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
