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
}

const everything: readonly Feature[] = ['greeting', 'closing', 'application', 'static']

export const spillway: Contender = { name: 'spillway', features: everything, package: '@spillway/core' }

export const contenders: readonly Contender[] = [
  { name: 'raw-net', features: ['greeting'] },
  { name: 'node-http', features: everything },
  spillway,
  { name: 'fastify', features: everything, package: 'fastify' },
  { name: 'hono', features: everything, package: 'hono' },
  { name: 'express', features: everything, package: 'express' },
  { name: 'h3', features: ['greeting', 'closing', 'application'], package: 'h3' },
  { name: 'nginx', features: ['greeting', 'closing', 'static'], program: 'nginx' },
]

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
export function commandOf(contender: Contender, places: Places, port: number, nodeFlags: readonly string[]): string[] {
  const { name, program } = contender
  if (program !== undefined) {
    return [findProgram(program) ?? program, ...nginxArguments(places.folder, port, places.directory)]
  }
  return [process.execPath, ...nodeFlags, join(places.servers, `${name}.js`)]
}

/** Version of what is measured, for the record. */
export async function versionOf(contender: Contender, places: Places): Promise<string> {
  if (contender.program !== undefined) {
    const output = await run([findProgram(contender.program) ?? contender.program, '-v'], 5000)
    return /\d[\w.]*/.exec(output)?.[0] ?? 'unknown'
  }
  if (contender.package === undefined) return process.versions.node
  const manifest = join(places.servers, '../../node_modules', contender.package, 'package.json')
  return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version
}
