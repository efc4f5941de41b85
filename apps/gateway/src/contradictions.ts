// Mistakes between parts of a configuration that are valid by themselves.
import { nearest } from '@spillway/core/options'
import type { Config, Problem, RouteConfig } from './config.ts'

/** The mistakes between parts that are valid by themselves. */
export function contradictions(config: Config): Problem[] {
  const { listen, demo, upstreams, hosts = {}, routes, workers = 1 } = config
  const problems: Problem[] = []
  const certified = Object.values(hosts).some(({ tls }) => tls)
  if (!routes && Object.keys(hosts).length === 0)
    problems.push({ place: ['routes'], what: 'is missing, and so is hosts' })
  if (routes) problems.push(...routeProblems(config, routes, ['routes']))
  for (const [name, host] of Object.entries(hosts))
    problems.push(...routeProblems(config, host.routes, ['hosts', name, 'routes']))
  if (demo && 'demo' in upstreams)
    problems.push({ place: ['upstreams', 'demo'], what: 'is a name that "demo" uses for its own servers' })
  if (demo && workers > 1) problems.push({ place: ['workers'], what: 'must be 1 with "demo"' })
  problems.push(...acmeProblems(config), ...portProblems(config))
  for (const [name, { cert, key }] of Object.entries(upstreams))
    if ((cert === undefined) !== (key === undefined))
      problems.push({ place: ['upstreams', name], what: 'has only one of "cert" and "key", which need each other' })
  for (const [i, { http2, tls: secure, port }] of listen.entries()) {
    if (workers > 1 && port === 0)
      problems.push({ place: ['listen', i, 'port'], what: 'is 0, so that each worker would get a different one' })
    if (http2 && !secure) problems.push({ place: ['listen', i, 'http2'], what: 'needs "tls"' })
    if (secure === true && !certified)
      problems.push({ place: ['listen', i, 'tls'], what: 'is true, but no host has a certificate' })
  }
  return problems
}

/** Ports that are listed twice. */
function portProblems({ listen, admin }: Config): Problem[] {
  const places = [
    ...listen.map(({ host, port }, i) => ({ at: `${host} ${port}`, port, place: ['listen', i, 'port'] })),
    ...(admin ? [{ at: `${admin.host} ${admin.port}`, port: admin.port, place: ['admin', 'port'] }] : []),
  ]
  return places
    .filter(({ at, port }, i) => port !== 0 && places.findIndex((one) => one.at === at) < i)
    .map(({ port, place }) => ({ place, what: `is ${port}, which is in use by another entry` }))
}

function acmeProblems({ acme, hosts = {}, listen }: Config): Problem[] {
  const problems: Problem[] = []
  const [isSecure, isClear] = [listen.some(({ tls }) => tls), listen.some(({ tls }) => !tls)]
  for (const [name, { tls }] of Object.entries(hosts)) {
    if (tls !== 'acme') continue
    const place = ['hosts', name, 'tls']
    if (!acme) problems.push({ place, what: 'is "acme", but "acme", which names the authority, is missing' })
    if (!isSecure) problems.push({ place, what: 'is "acme", but nothing in "listen" has "tls"' })
    if (name.startsWith('*.'))
      problems.push({ place, what: 'is "acme", which cannot cover wildcard names: list each name' })
  }
  if (acme?.challenges?.includes('http-01') && !isClear)
    problems.push({ place: ['acme', 'challenges'], what: 'has "http-01", but everything in "listen" has "tls"' })
  return problems
}

function routeProblems(config: Config, routes: readonly RouteConfig[], where: Problem['place']): Problem[] {
  const paths = new Set<string>()
  return routes.flatMap((route, i) => {
    const at = [...where, i]
    const isKnown = paths.has(route.path)
    paths.add(route.path)
    const twice: Problem[] = isKnown ? [{ place: [...at, 'path'], what: `${route.path} appears twice` }] : []
    return [...twice, ...oneRouteProblems(config, route, at)]
  })
}

function oneRouteProblems(config: Config, route: RouteConfig, at: Problem['place']): Problem[] {
  const { proxy, files, redirect, cgi } = route
  const problems: Problem[] = []
  const kinds = [redirect, cgi, files ?? proxy].filter((kind) => kind !== undefined)
  if (kinds.length !== 1)
    problems.push({
      place: at,
      what: 'must have one of "proxy", "files", "redirect" and "cgi", or both "files" and "proxy"',
    })
  if (proxy !== undefined) problems.push(...groupProblems(config, proxy, [...at, 'proxy']))
  if (route.forwardAuth)
    problems.push(...groupProblems(config, route.forwardAuth.proxy, [...at, 'forwardAuth', 'proxy']))
  for (const name of ofProxies)
    if (proxy === undefined && route[name]) problems.push({ place: [...at, name], what: 'needs "proxy"' })
  for (const name of ofFiles)
    if (files === undefined && route[name]) problems.push({ place: [...at, name], what: 'needs "files"' })
  if (files !== undefined && proxy !== undefined && (route.fallback !== undefined || route.fastcgi))
    problems.push({
      place: at,
      what: 'has "proxy" for paths without a file, and cannot have "fallback" or "fastcgi" as well',
    })
  if (route.cache && proxy === undefined)
    problems.push({ place: [...at, 'cache'], what: 'needs "proxy": files are in memory anyway' })
  return problems
}

const ofProxies = ['strip', 'host', 'passOn', 'request', 'rewrite', 'retries', 'retryStatuses', 'buffer'] as const
const ofFiles = ['fallback', 'fastcgi', 'cleanUrls', 'try'] as const

function groupProblems({ upstreams, demo }: Config, name: string, place: Problem['place']): Problem[] {
  if (name in upstreams || (demo && name === 'demo')) return []
  const near = nearest(name, Object.keys(upstreams))
  const advice = near === undefined ? '' : `: did you mean "${near}"?`
  return [{ place, what: `names "${name}", which is not in upstreams${advice}` }]
}
