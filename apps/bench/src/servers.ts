// The servers that can take part.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { caddyArguments } from './caddy.ts'
import { h2oArguments } from './h2o.ts'
import { haproxyArguments } from './haproxy.ts'
import { nginxArguments } from './nginx.ts'
import { findProgram, run } from './processes.ts'
import { host } from './settings.ts'
import type { Feature, Tls } from './workloads.ts'

/** A server that can take part. */
export interface Contender {
  readonly name: string
  readonly features: readonly Feature[]
  /** The package whose version is reported; without one, the server is a program, or its file has no dependencies. */
  readonly package?: string
  /** The name of its file, if different. */
  readonly file?: string
  /** A program that must be installed. Default: Node.js, running the file of the server's name. */
  readonly program?: Program
  /** The name of another server's file, which is run on Spillway by `--import @spillway/node`. */
  readonly onSpillway?: string
  /** Whether it takes part only when named explicitly. */
  readonly isAside?: true
  /** Another runtime for the file, from npm: program and versioned package. */
  readonly runtime?: { readonly program: string; readonly package: string }
}

/** The parameters with which a server is started. */
export interface Start {
  readonly places: Places
  readonly port: number
  readonly tls: Tls
  /** The port of its upstream server. */
  readonly upstream?: number | undefined
  /** Connections that it has to keep open, however long they are idle. Default: as many as the rest of the bench needs. */
  readonly idle?: number
}

/** A server that is an installed program. */
interface Program {
  readonly name: string
  /** Argument that makes it print its version. */
  readonly version: string
  /** Environment variables in addition to those of the bench. */
  environment?(folder: string): NodeJS.ProcessEnv
  /** Writes the configuration it needs and returns its arguments. */
  arguments(start: Start): string[]
}

const nginx: Program = {
  name: 'nginx',
  version: '-v',
  arguments: nginxArguments,
}
const haproxy: Program = { name: 'haproxy', version: '-v', arguments: haproxyArguments }
// One thread, like all others; what it stores stays in the folder of the run.
const caddy: Program = {
  name: 'caddy',
  version: 'version',
  environment: (folder) => ({ GOMAXPROCS: '1', XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder }),
  arguments: caddyArguments,
}
const h2o: Program = {
  name: 'h2o',
  version: '-v',
  arguments: h2oArguments,
}
const nghttpd: Program = {
  name: 'nghttpd',
  version: '--version',
  arguments: ({ places: { folder }, port }) => {
    const files = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    return [`--htdocs=${folder}`, `--address=${host}`, String(port), ...files]
  },
}

/** Milliseconds within which a runtime has to be fetched from npm. */
const fetchTime = 120_000

const http1: readonly Feature[] = ['greeting', 'closing', 'application', 'static', 'tls']
const http2: readonly Feature[] = ['http2', 'http2-static']
const sockets: readonly Feature[] = ['websocket', 'packed', 'publish']
const edge: readonly Feature[] = ['proxy', 'gateway']
const frontend: readonly Feature[] = ['greeting', 'closing', 'static', 'tls', ...http2, ...edge]

export const spillway: Contender = {
  name: 'spillway',
  features: [...http1, ...http2, ...sockets, ...edge, 'schema', 'sessions', 'events'],
  package: '@spillway/core',
}

const others: readonly Contender[] = [
  { name: 'raw-net', features: ['greeting'] },
  { name: 'node-http', features: [...http1, ...edge, 'events'] },
  spillway,
  { name: 'fastify', features: [...http1, ...edge, 'schema', 'sessions'], package: 'fastify' },
  { name: 'hono', features: ['greeting', 'closing', 'application', 'static', ...edge, 'events'], package: 'hono' },
  {
    name: 'express',
    features: ['greeting', 'closing', 'application', 'static', 'sessions', 'events'],
    package: 'express',
  },
  { name: 'h3', features: ['greeting', 'closing', 'application', 'events'], package: 'h3' },
  {
    name: 'bun',
    features: [...http1, ...http2, ...sockets, ...edge, 'events'],
    runtime: { program: 'bun', package: 'bun@1.4.5' },
  },
  {
    name: 'deno',
    features: ['greeting', 'closing', 'application', 'tls', 'http2', 'websocket', 'proxy', 'events'],
    runtime: { program: 'deno', package: 'deno@2.9.6' },
  },
  { name: 'gateway', features: edge, package: '@spillway/gateway' },
  { name: 'nginx', features: frontend, program: nginx },
  { name: 'haproxy', features: ['greeting', 'closing', 'tls', 'http2', 'proxy'], program: haproxy },
  { name: 'caddy', features: frontend, program: caddy },
  { name: 'h2o', features: frontend, program: h2o },
  { name: 'nghttpd', features: http2, program: nghttpd },
  { name: 'node-http2', features: http2 },
  { name: 'ws', features: sockets, package: 'ws' },
  { name: 'koa', features: ['greeting', 'closing'], package: 'koa', isAside: true },
  { name: 'nest', features: ['greeting', 'closing'], package: '@nestjs/core', isAside: true },
]

export const contenders: readonly Contender[] = [
  ...others,
  ...['node-http', 'express', 'fastify', 'koa', 'nest'].map(onSpillway),
  ...['24.21.0', '26.10.0'].flatMap(onNode),
]

/** A server written for Node.js, unchanged, on our core. */
function onSpillway(name: string): Contender {
  return {
    name: `${name}-spillway`,
    features: featuresOf(name),
    package: '@spillway/core',
    onSpillway: name,
    isAside: true,
  }
}

/** Spillway and Node.js's own server, on another version of Node.js. */
function onNode(version: string): Contender[] {
  const [major] = version.split('.')
  const runtime = { program: 'node', package: `node-linux-${process.arch}@${version}` }
  return ['spillway', 'node-http', 'node-http2'].map((file) => ({
    name: `${file}-node${major}`,
    file,
    features: featuresOf(file),
    runtime,
    isAside: true,
  }))
}

function featuresOf(name: string): readonly Feature[] {
  return others.find((one) => one.name === name)!.features
}

/** Where files are. */
export interface Places {
  /** Built server files. */
  readonly servers: string
  /** Temporary files of this run. */
  readonly folder: string
  /** Directory behind `/static/`. */
  readonly directory: string
}

/** The command line of a server, without pinning. */
export async function commandOf(contender: Contender, start: Start, nodeFlags: readonly string[]): Promise<string[]> {
  const { name, file = name, program, runtime, onSpillway: other } = contender
  if (program !== undefined) return [findProgram(program.name) ?? program.name, ...program.arguments(start)]
  const script = join(start.places.servers, `${other ?? file}.js`)
  if (runtime !== undefined) return [...(await runtimeCommand(runtime)), ...nodeFlags, script]
  if (name === 'gateway') {
    const built = fileURLToPath(import.meta.resolve('@spillway/gateway/dist/main.js'))
    return [process.execPath, ...nodeFlags, built, gatewayFile(start)]
  }
  const installed = other === undefined ? [] : ['--import', import.meta.resolve('@spillway/node')]
  return [process.execPath, ...nodeFlags, ...installed, script]
}

/** The gateway with its defaults, but without a log and compression, which none of the others has here. */
function gatewayFile({ places: { folder, directory }, port, upstream }: Start): string {
  const file = join(folder, 'gateway.json')
  const configuration = {
    listen: [{ port, host }],
    log: 'none',
    compression: false,
    upstreams: { behind: { servers: [`http://${host}:${upstream}`] } },
    routes: [
      { path: '/', proxy: 'behind' },
      { path: '/static', files: directory },
    ],
  }
  writeFileSync(file, JSON.stringify(configuration))
  return file
}

/** Where npx keeps a runtime, by package; fetched when first needed. */
const runtimes = new Map<string, Promise<string>>()

async function runtimeCommand({ program, package: spec }: NonNullable<Contender['runtime']>): Promise<string[]> {
  let found = runtimes.get(spec)
  if (!found) {
    found = run(['npx', '--yes', `--package=${spec}`, '-c', `command -v ${program}`], fetchTime).then((text) =>
      text.trim(),
    )
    runtimes.set(spec, found)
  }
  return program === 'deno' ? [await found, 'run', '-A', '--no-lock'] : [await found]
}

/** Version of the measured software, for the record. */
export async function versionOf(contender: Contender, places: Places): Promise<string> {
  if (contender.program !== undefined) {
    const { name, version } = contender.program
    const output = await run([findProgram(name) ?? name, version], 5000)
    return /\d+\.[\w.]+/.exec(output)?.[0] ?? 'unknown'
  }
  if (contender.runtime !== undefined) return contender.runtime.package.split('@')[1] ?? ''
  if (contender.package === undefined) return process.versions.node
  const manifest = join(places.servers, '../../node_modules', contender.package, 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
