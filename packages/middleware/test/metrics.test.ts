import type { ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Server, channels } from '@spillway/core'
import { freePort } from '@spillway/vitest-config/free-port'
import { type Metrics, metrics } from '@spillway/middleware/metrics'
import { router } from '@spillway/middleware/router'
import parsePrometheus from 'parse-prometheus-text-format'
import { findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { Counter, Histogram, mostSeries } from '../src/lib/metrics/families.ts'
import { joinWorkers } from '../src/lib/metrics/workers.ts'
import { send, start } from './server.ts'

/** Reads a page as the parser of the format does. */
type Numbers = (name: string, labels?: Record<string, string>) => number | undefined

function read(text: string): Numbers {
  expect(text.endsWith('\n# EOF\n')).toBe(true)
  // The parser knows the older format: counters are called like their samples there, and it has no histograms with labels.
  // Their counts are read here, and all of it by Prometheus below.
  const families = parsePrometheus(text.replaceAll(/^#.*\n|^\w+_(?:bucket|sum|count)\b.*\n/gm, ''))
  return (name, labels = {}) => {
    if (name.endsWith('_count')) return countOf(text, name, labels)
    const family = families.find((one) => one.name === name)
    const sample = family?.metrics.find((one) =>
      Object.entries(labels).every(([key, value]) => (one.labels?.[key] ?? '') === value),
    )
    return sample && Number(sample.value)
  }
}

function countOf(text: string, name: string, labels: Record<string, string>): number | undefined {
  const told = Object.entries(labels).map(([key, value]) => `${key}="${value}"`)
  const begin = told.length === 0 ? `${name} ` : `${name}{${told.join(',')}} `
  const line = text.split('\n').find((one) => one.startsWith(begin))
  return line === undefined ? undefined : Number(line.slice(begin.length))
}

async function observed(
  phases?: boolean,
): Promise<{ server: Server; numbers: () => Promise<Numbers>; page: () => Promise<string> }> {
  let server: Server | undefined
  const { observe, expose, stop }: Metrics = metrics({ server: () => server, ...(phases !== undefined && { phases }) })
  onTestFinished(stop)
  const app = router()
    .get('/metrics', expose)
    .group('/app', (group) =>
      group
        .use(observe)
        .get('/', (c) => c.text('hello'))
        .get('/books/:id', (c) => c.text('book'))
        .post('/upload', async (c) => c.text(await c.body.text()))
        .get('/endless', (c) =>
          c.stream(
            (async function* () {
              for (;;) yield new Uint8Array(65_536)
            })(),
          ),
        ),
    )
  server = await start(app, { limits: { connections: 20 } })
  const page = async (): Promise<string> => (await send(server, 'GET', '/metrics')).content.toString()
  return { server, page, numbers: async () => read(await page()) }
}

/** Sends several requests on one connection and reads to its end. */
function converse(server: Server, ...requests: string[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(server.port, '127.0.0.1', () => socket.write(requests.shift()!))
    socket.on('error', () => {})
    socket.on('data', () => {
      const request = requests.shift()
      if (request) socket.write(request)
      else socket.end()
    })
    socket.on('close', () => resolve())
  })
}

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

describe('metrics', () => {
  test('count requests by method, status and route', async () => {
    const { server, numbers } = await observed()
    for (const path of ['/app', '/app/books/1', '/app/books/2', '/app/none/1', '/app/none/2'])
      await send(server, 'GET', path)
    await send(server, 'BREW', '/app')
    await vi.waitFor(async () => {
      const number = await numbers()
      const count = (labels: Record<string, string>): number | undefined => number('spillway_requests_total', labels)
      expect(count({ method: 'GET', status: '200', route: '/app' })).toBe(1)
      expect(count({ method: 'GET', status: '200', route: '/app/books/:id' })).toBe(2)
      expect(count({ method: 'GET', status: '404', route: '' })).toBe(2)
      expect(count({ method: 'other', status: '405', route: '' })).toBe(1)
      expect(number('spillway_request_seconds_count', { route: '/app/books/:id' })).toBe(2)
    })
  })

  test('count connections, their causes, their use and their bytes', async () => {
    const { server, numbers } = await observed()
    const upload = 'POST /app/upload HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'
    const requests = [get('/app'), get('/app/books/1'), upload + 'x'.repeat(1000)]
    await converse(server, ...requests)
    await converse(server, 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n')
    const held = connect(server.port, '127.0.0.1')
    onTestFinished(() => void held.destroy())
    await vi.waitFor(async () => {
      const number = await numbers()
      expect(number('spillway_connections_closed_total', { reason: 'client-closed' })).toBe(1)
      expect(number('spillway_connections_closed_total', { reason: 'parse-error' })).toBe(1)
      expect(number('spillway_parse_errors_total', { code: 'HOST_REPEATED' })).toBe(1)
      expect(number('spillway_reused_connection_requests_total')).toBe(2)
      // The one that is held, and the one that asks.
      expect(number('spillway_connections_open')).toBe(2)
      const accepted = number('spillway_connections_accepted_total')!
      expect(number('spillway_connection_requests_count')).toBe(accepted - 2)
      for (const phase of ['connect', 'idle', 'head', 'handler', 'reply'])
        expect(number('spillway_phase_seconds_count', { phase })).toBeGreaterThan(0)
      expect(number('spillway_received_bytes_total')).toBeGreaterThan(requests.join('').length)
      expect(number('spillway_sent_bytes_total')).toBeGreaterThan(1000)
    })
  })

  test('without phases are of connections, and of bytes when these end', async () => {
    const { server, numbers, page } = await observed(false)
    await send(server, 'GET', '/app')
    expect(channels.head.hasSubscribers).toBe(false)
    await vi.waitFor(async () => {
      const now = await numbers()
      expect(now('spillway_requests_total', { method: 'GET', status: '200', route: '/app' })).toBe(1)
      expect(now('spillway_sent_bytes_total')).toBeGreaterThan(100)
      expect(now('spillway_received_bytes_total')).toBeGreaterThan(20)
      expect(now('spillway_reused_connection_requests_total')).toBe(0)
    })
    expect(await page()).not.toContain('spillway_phase_seconds')
  })

  test('count aborts, and bytes of replies that were cut', async () => {
    const { server, numbers } = await observed()
    const socket = connect(server.port, '127.0.0.1', () => socket.write(get('/app/endless')))
    socket.once('data', () => socket.destroy())
    await vi.waitFor(async () => {
      const number = await numbers()
      expect(number('spillway_aborted_requests_total', { by: 'peer' })).toBe(1)
      expect(number('spillway_sent_bytes_total')).toBeGreaterThan(60_000)
    })
  })

  test('are of one server, and stop', async () => {
    const first = await observed()
    const second = await start((c) => c.text('x'))
    await converse(second, get('/'))
    expect((await first.numbers())('spillway_connections_accepted_total')).toBe(1)
    const all = metrics()
    all.stop()
    const page = await start(all.expose)
    await converse(second, get('/'))
    const text = (await send(page, 'GET', '/')).content.toString()
    expect(read(text)('spillway_connections_accepted_total')).toBe(0)
    expect(channels.idle.hasSubscribers).toBe(true)
  })

  test('say what they are', async () => {
    const { server } = await observed()
    const reply = await send(server, 'GET', '/metrics')
    expect(reply.headers.get('content-type')).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8')
    expect(reply.headers.get('cache-control')).toBe('no-store')
  })
})

describe('a family', () => {
  test('is written as OpenMetrics has it', () => {
    const counter = new Counter('bytes_read', 'What was read.', ['from'])
    counter.add(2, 'a"b\\c\nd')
    counter.add(3, 'a"b\\c\nd')
    expect(counter.write()).toBe(
      '# TYPE bytes_read counter\n# HELP bytes_read What was read.\nbytes_read_total{from="a\\"b\\\\c\\nd"} 5\n',
    )
    const histogram = new Histogram('wait_seconds', 'How long.', [0.5, 1], ['to'])
    for (const value of [0.5, 0.75, 1.5]) histogram.observe(value, 'x')
    expect(histogram.write().split('\n')).toEqual([
      '# TYPE wait_seconds histogram',
      '# UNIT wait_seconds seconds',
      '# HELP wait_seconds How long.',
      'wait_seconds_bucket{to="x",le="0.5"} 1',
      'wait_seconds_bucket{to="x",le="1.0"} 2',
      'wait_seconds_bucket{to="x",le="+Inf"} 3',
      'wait_seconds_count{to="x"} 3',
      'wait_seconds_sum{to="x"} 2.75',
      '',
    ])
  })

  test('has a bounded number of series', () => {
    const counter = new Counter('asked', 'Who asked.', ['who', 'what'])
    for (let i = 0; i < mostSeries + 50; i++) counter.add(1, String(i), 'x')
    const lines = counter.write().split('\n')
    expect(lines).toContain('asked_total{who="999",what="x"} 1')
    expect(lines).toContain('asked_total{who="other",what="other"} 50')
    expect(lines).toHaveLength(2 + mostSeries + 1 + 1)
  })
})

const prometheus = findTool('prometheus')

withTools(prometheus)('with Prometheus', () => {
  test('Prometheus scrapes them', async () => {
    const { server } = await observed()
    const folder = mkdtempSync(join(tmpdir(), 'spillway-prometheus-'))
    const port = await freePort()
    writeFileSync(
      join(folder, 'prometheus.yml'),
      `scrape_configs: [{job_name: s, scrape_interval: 1s, static_configs: [{targets: ['127.0.0.1:${server.port}']}]}]\n`,
    )
    const child: ChildProcess = spawn(
      prometheus.path,
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    )
    const gone = new Promise<void>((resolve) => child.on('close', () => resolve()))
    onTestFinished(async () => {
      child.kill()
      await gone
      rmSync(folder, { recursive: true, force: true })
    })
    await send(server, 'GET', '/app/books/1')
    const ask = async (query: string): Promise<string | undefined> => {
      const reply = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(query)}`)
      const { data } = (await reply.json()) as { data: { result: { value: [number, string] }[] } }
      return data.result[0]?.value[1]
    }
    await vi.waitFor(async () => expect(await ask('up')).toBe('1'), { timeout: 60_000, interval: 500 })
    await vi.waitFor(
      async () => {
        expect(await ask('spillway_requests_total{route="/app/books/:id",status="200"}')).toBe('1')
        expect(await ask('spillway_phase_seconds_count{phase="handler"} > 1')).toMatch(/^\d+$/)
      },
      { timeout: 30_000, interval: 500 },
    )
  }, 120_000)
})

/** A cluster of two, both of which say what this one does. */
function everyWorker(_topic: string, answer: () => string): () => Promise<{ worker: number; value: string }[]> {
  return () => Promise.resolve([1, 2].map((worker) => ({ worker, value: answer() })))
}

describe('all workers of a cluster', () => {
  test('are shown by each of them: families once, series by worker', async () => {
    const numbers = metrics({ everyWorker })
    onTestFinished(() => numbers.stop())
    const server = await start(router().use(numbers.observe).get('/metrics', numbers.expose))
    await fetch(`${server.url}/metrics`)
    const text = await (await fetch(`${server.url}/metrics`)).text()
    const value = read(text)
    for (const worker of ['1', '2'])
      expect(value('spillway_requests_total', { worker, method: 'GET', status: '200', route: '/metrics' })).toBe(1)
    const names = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(
      text.split('\n').filter((line) => line !== '' && !line.startsWith('#') && !/^\w+\{worker="[12]"/.test(line)),
    ).toEqual([])
  })

  test('that know other families, or labels that look like lines of the format', () => {
    const odd = new Counter('odd', 'Odd.', ['path'])
    odd.add(1, '# TYPE x{worker="9"}\n} 7')
    const text = joinWorkers([
      { worker: 1, value: `${odd.write()}# TYPE b gauge\n# HELP b B.\nb 1\n` },
      { worker: 3, value: `# TYPE b gauge\n# HELP b B.\nb 2\n` },
    ])
    expect(text).toBe(
      [
        '# TYPE odd counter',
        '# HELP odd Odd.',
        'odd_total{worker="1",path="# TYPE x{worker=\\"9\\"}\\n} 7"} 1',
        '# TYPE b gauge',
        '# HELP b B.',
        'b{worker="1"} 1',
        'b{worker="3"} 2',
        '',
      ].join('\n'),
    )
  })
})
