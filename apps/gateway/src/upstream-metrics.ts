import type { UpstreamStatus } from '@spillway/middleware/proxy'
import type { Groups } from './groups.ts'

/** What is told of each upstream server, and how it is read from its state. */
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

/** The numbers of all upstream servers in OpenMetrics 1.0.0, without the end. */
export function upstreamMetrics(groups: Groups): string {
  const servers = [...groups].flatMap(([group, { status }]) => status.map((server) => ({ group, server })))
  let text = ''
  for (const { name, type, help, value } of servers.length > 0 ? families : []) {
    const family = `spillway_upstream_${name}`
    text += `# TYPE ${family} ${type}\n# HELP ${family} ${help}\n`
    for (const { group, server } of servers)
      text += `${family}${type === 'counter' ? '_total' : ''}{group=${quoted(group)},server=${quoted(server.url)}} ${value(server)}\n`
  }
  return text
}

function quoted(text: string): string {
  return `"${text.replaceAll(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`
}
