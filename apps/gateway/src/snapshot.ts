import type { Gateway } from './gateway.ts'
import type { Snapshot } from './model.ts'
import type { Traffic } from './traffic.ts'

export function snapshot(gateway: Gateway, traffic: Traffic): Snapshot {
  const { url, started, loads, loadedAt, server, demo } = gateway
  const backends = demo?.backends ?? []
  const groups = [...gateway.groups].map(([name, group]) => ({
    name,
    servers: group.status.map((status) => ({
      ...status,
      demo: backends.find((backend) => backend.url === status.url) ?? null,
    })),
  }))
  const { total, failed, seconds, recent } = traffic
  return {
    url,
    now: Date.now(),
    started,
    loads,
    loadedAt,
    closing: server.closing,
    connections: server.stats,
    total,
    failed,
    seconds,
    recent,
    groups,
    demo: demo ? { asked: demo.asked, missed: demo.missed } : null,
  }
}
