// Metrics of upstream servers and certificates.
import type { UpstreamStatus } from '@spillway/middleware/proxy'
import type { Certificates } from './certificates.ts'
import type { Groups } from './groups.ts'

/** One server as one process sees it. */
export interface ServerNumbers extends UpstreamStatus {
  readonly group: string
}

/** The metrics of each upstream server, and how they are read from its state. */
const families: readonly {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly value: (status: UpstreamStatus) => number
}[] = [
  { name: 'requests', type: 'counter', help: 'Requests sent to a server.', value: ({ requests }) => requests },
  {
    name: 'failures',
    type: 'counter',
    help: 'Requests that a server did not answer.',
    value: ({ failures }) => failures,
  },
  { name: 'active', type: 'gauge', help: 'Exchanges and tunnels under way.', value: ({ active }) => active },
  { name: 'idle', type: 'gauge', help: 'Connections kept for the next request.', value: ({ idle }) => idle },
  { name: 'up', type: 'gauge', help: '1 while a server is used.', value: ({ state }) => (state === 'up' ? 1 : 0) },
]

export function serverNumbers(groups: Groups): ServerNumbers[] {
  return [...groups].flatMap(([group, { status }]) => status.map((server) => ({ ...server, group })))
}

/**
 * The metrics of all upstream servers in OpenMetrics 1.0.0, without the closing line.
 * @param workers the state in each process, by the number of its worker from 1; 0 for a process that is alone.
 */
export function upstreamMetrics(
  workers: readonly { readonly worker: number; readonly value: readonly ServerNumbers[] }[],
): string {
  const series = workers.flatMap(({ worker, value }) =>
    value.map((server) => {
      const place = worker === 0 ? '' : `worker="${worker}",`
      return { labels: `{${place}group=${quoted(server.group)},server=${quoted(server.url)}}`, server }
    }),
  )
  let text = ''
  for (const { name, type, help, value } of series.length > 0 ? families : []) {
    const family = `spillway_upstream_${name}`
    text += `# TYPE ${family} ${type}\n# HELP ${family} ${help}\n`
    for (const { labels, server } of series)
      text += `${family}${type === 'counter' ? '_total' : ''}${labels} ${value(server)}\n`
  }
  return text
}

/** When certificates expire, in OpenMetrics, so that an alert can tell of one that is not renewed. */
export function certificateMetrics(certificates: Certificates): string {
  const all = certificates.ends()
  if (all.length === 0) return ''
  const family = 'spillway_certificate_end_seconds'
  const lines = all.map(({ of, seconds }) => `${family}{of=${quoted(of)}} ${seconds}\n`)
  const help = 'When a certificate ends, in seconds since 1970; 0 while there is none.'
  return `# TYPE ${family} gauge\n# UNIT ${family} seconds\n# HELP ${family} ${help}\n${lines.join('')}`
}

function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}
