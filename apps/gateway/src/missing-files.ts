// Finds files and folders that a configuration names and that do not exist.
import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Config, ErrorPages, Problem, RouteConfig } from './config.ts'

type Place = Problem['place']

/** @param config with absolute file names. */
export function missingFiles(config: Config): Problem[] {
  const { listen, hosts = {}, routes = [], upstreams, errors, buffer } = config
  return [
    ...listen.flatMap(({ tls }, i) => (typeof tls === 'object' ? pairProblems(['listen', i, 'tls'], tls) : [])),
    ...Object.entries(upstreams).flatMap(([name, { ca, cert, key }]) =>
      Object.entries({ ca, cert, key }).flatMap(([option, file]) => fileProblems(['upstreams', name, option], file)),
    ),
    ...bufferProblems(['buffer', 'folder'], buffer),
    ...pageProblems(['errors'], errors),
    ...routes.flatMap((route, i) => routeProblems(['routes', i], route)),
    ...Object.entries(hosts).flatMap(([name, host]) => [
      ...(typeof host.tls === 'object' ? pairProblems(['hosts', name, 'tls'], host.tls) : []),
      ...pageProblems(['hosts', name, 'errors'], host.errors),
      ...host.routes.flatMap((route, i) => routeProblems(['hosts', name, 'routes', i], route)),
    ]),
  ]
}

function routeProblems(at: Place, { files, fallback, cgi, errors, buffer }: RouteConfig): Problem[] {
  const programs = typeof cgi === 'object' ? cgi.path : cgi
  const missing = files === undefined ? [] : folderProblems([...at, 'files'], files)
  const page = files !== undefined && fallback !== undefined && missing.length === 0 ? join(files, fallback) : undefined
  return [
    ...missing,
    ...fileProblems([...at, 'fallback'], page),
    ...fileProblems(typeof cgi === 'object' ? [...at, 'cgi', 'path'] : [...at, 'cgi'], programs),
    ...pageProblems([...at, 'errors'], errors),
    ...bufferProblems([...at, 'buffer', 'folder'], buffer),
  ]
}

function pairProblems(at: Place, { cert, key }: { readonly cert: string; readonly key: string }): Problem[] {
  return [...fileProblems([...at, 'cert'], cert), ...fileProblems([...at, 'key'], key)]
}

function pageProblems(at: Place, pages: ErrorPages = {}): Problem[] {
  return Object.entries(pages).flatMap(([status, file]) => fileProblems([...at, status], file))
}

function bufferProblems(place: Place, buffer: Config['buffer']): Problem[] {
  const folder = typeof buffer === 'object' ? buffer.folder : undefined
  if (folder === undefined) return []
  const problems = folderProblems(place, folder)
  return problems.length > 0 || isAllowed(folder, constants.W_OK)
    ? problems
    : [{ place, what: `: nothing can be written in ${folder}` }]
}

function folderProblems(place: Place, folder: string): Problem[] {
  const isThere = statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true
  return isThere ? [] : [{ place, what: `: there is no folder ${folder}` }]
}

function fileProblems(place: Place, file: string | undefined): Problem[] {
  return file === undefined || isAllowed(file, constants.R_OK) ? [] : [{ place, what: `: ${file} cannot be read` }]
}

function isAllowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}
