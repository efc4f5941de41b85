import { once } from 'node:events'
import { rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { execFileSync, findTool, withTools } from '@spillway/vitest-config/tools'
import { describe, expect, it } from 'vitest'
import { type Program, clusterProgram, fetchText, holdRequest, startLoad, told } from './support.ts'
import { cluster } from '../../src/cluster.ts'
import { startStreams } from '../http2/streams-load.ts'
import { until } from '../support.ts'

const { folder, launch } = clusterProgram()
const rounds = Number(process.env['SPILLWAY_RELOAD_ROUNDS'] ?? 2)
/** With these it runs a command as the first process of a namespace of its own, where a system lets it. */
const namespace = ['-Urpf'] as const
const unshare = findTool('unshare', { probe: [...namespace, 'true'] })
const ps = findTool('ps', { probe: ['-o', 'pid=', '--ppid', '1'] })
/** What a client sees of a server that died. */
const hungUp = /socket hang up|ECONNRESET/

describe('a cluster', { timeout: 30_000 }, () => {
  it('serves from every worker on one port, and goes on in the primary only', async () => {
    const program = launch({ options: { workers: 3 } })
    const pids = await program.ready()
    expect(new Set(pids).size).toBe(3)
    const seen = new Set<number>()
    while (seen.size < 3) seen.add(Number.parseInt(await fetchText(program.url), 10))
    expect(seen).toEqual(new Set(pids))
    expect(new Set(program.lines.filter(({ url }) => url).map(({ url }) => url)).size).toBe(1)
    expect(program.lines.filter(({ primary }) => primary)).toMatchObject([{ primary: program.child.pid }])
    const { workers } = await program.ask('status')
    expect(workers.map(({ worker, state, restarts }) => [worker, state, restarts])).toEqual([
      [1, 'ready', 0],
      [2, 'ready', 0],
      [3, 'ready', 0],
    ])
    expect(new Set(program.lines.flatMap(({ place }) => place ?? []))).toEqual(new Set(['1', '2', '3']))
    expect(workers.every(({ since }) => Date.parse(String(since)) > 0)).toBe(true)
  })

  it('lets the kernel hand out connections when asked', async () => {
    const program = launch({ options: { balance: 'kernel' } })
    const before = await program.ready()
    await program.ask('reload')
    expect(before).not.toContain(Number.parseInt(await fetchText(program.url), 10))
  })
})

describe('a worker that', { timeout: 30_000 }, () => {
  it('crashes is replaced, and that is said on the error output', async () => {
    const program = launch()
    const before = await program.ready()
    await expect(fetchText(program.url, '/exit')).rejects.toThrow(hungUp)
    const { event } = await program.saw(told({ state: 'ended', code: 7 }))
    const at = program.lines.length
    await program.saw(told({ state: 'ready', worker: event!.worker }), at - 1)
    const after = await program.ready()
    expect(after).toHaveLength(2)
    expect(after.filter((pid) => before.includes(pid))).toHaveLength(1)
    const { workers } = await program.ask('status')
    expect(workers.find(({ worker }) => worker === event!.worker)!.restarts).toBe(1)
    expect(program.errors).toContain(`worker ${event!.pid} ended: exit code 7; another starts now`)
  })

  it('crashes is replaced even if `onCrash` fails', async () => {
    const program = launch({ env: { START: 'failing' } })
    await program.ready()
    await expect(fetchText(program.url, '/exit')).rejects.toThrow(hungUp)
    const { event } = await program.saw(told({ state: 'ended', code: 7 }))
    await untilReady(program, 2)
    const { workers } = await program.ask('status')
    expect(workers.find(({ worker }) => worker === event!.worker)!.restarts).toBe(1)
    expect(program.errors).toContain('broken onCrash')
  })

  it('crashes again waits before it is replaced', async () => {
    const program = launch({ options: { workers: 2, restart: { minDelay: 1_000_000, maxDelay: 1_000_000 } } })
    await program.ready()
    const [first] = (await program.ask('status')).workers
    process.kill(first!.pid, 'SIGKILL')
    const skip = program.lines.length
    const again = await program.saw(told({ state: 'ready', worker: 1 }), skip)
    process.kill(again.event!.pid, 'SIGKILL')
    await program.saw(told({ state: 'ended', pid: again.event!.pid }))
    const { workers } = await program.ask('status')
    expect(workers[0]).toMatchObject({ worker: 1, pid: 0, state: 'waiting', restarts: 2 })
    // A reload fills the place without waiting.
    await program.ask('reload')
    expect(await program.ready()).toHaveLength(2)
  })

  it('is killed is replaced, while the others answer', async () => {
    const program = launch()
    const [victim] = await program.ready()
    process.kill(victim!, 'SIGKILL')
    await program.saw(told({ state: 'ended', pid: victim!, signal: 'SIGKILL' }))
    expect(await fetchText(program.url)).not.toContain(String(victim))
    await untilReady(program, 2)
    expect(await program.ready()).not.toContain(victim)
  })

  it('does not react and is killed loses no connection that it had not accepted', async () => {
    const program = launch()
    await program.ready()
    const lost = fetchText(program.url, '/block').catch((error: Error) => error.message)
    const victim = (await program.saw(({ blocked }) => blocked !== undefined)).blocked!
    // The two workers take turns, so one of these is with the one that does not react.
    let answered = 0
    const waiting = [1, 2, 3].map(() => fetchText(program.url).finally(() => answered++))
    await until(() => answered === 2)
    process.kill(victim, 'SIGKILL')
    for (const text of await Promise.all(waiting)) expect(text).not.toContain(String(victim))
    expect(await lost).toMatch(hungUp)
  })

  it('does not react and is killed as the only one leaves nobody waiting', async () => {
    const program = launch({ options: { workers: 1 } })
    const [victim] = await program.ready()
    const lost = fetchText(program.url, '/block').catch((error: Error) => error.message)
    await program.saw(({ blocked }) => blocked !== undefined)
    const socket = connect(Number(program.url.port), program.url.hostname)
    await once(socket, 'connect')
    process.kill(victim!, 'SIGKILL')
    socket.on('error', () => {}).resume()
    await once(socket, 'close')
    expect(await lost).toMatch(hungUp)
  })

  it('is told to end is replaced, and finishes first', async () => {
    const program = launch({ options: { workers: 1 } })
    await program.ready()
    const held = await holdRequest(program.url)
    const [pid] = await program.ready()
    process.kill(pid!, 'SIGTERM')
    await program.saw(told({ state: 'draining', pid: pid! }))
    await untilReady(program, 1)
    expect(program.lines.some(told({ state: 'ended' }))).toBe(false)
    expect(await held.finish()).toMatch(new RegExp(`${pid} held$`))
    await program.saw(told({ state: 'ended', pid: pid!, code: 0 }))
    expect(program.errors).toBe('')
  })
})

describe('reload', { timeout: 30_000 + rounds * 10_000 }, () => {
  it(`fails no request of a pool of kept connections, in ${rounds} rounds`, async () => {
    const program = launch()
    let before = await program.ready()
    const load = startLoad(program.url, 16)
    for (let round = 1; round <= rounds; round++) {
      await load.more(100)
      const from = load.answered
      expect(await program.ask('reload')).toBe('done')
      const after = await program.ready()
      expect(after).toHaveLength(2)
      expect(after.filter((pid) => before.includes(pid))).toEqual([])
      before = after
      if (process.env['SPILLWAY_RELOAD_ROUNDS'])
        console.log(`round ${round}: ${load.answered - from} answered while reloading, ${load.failures.length} failed`)
    }
    await load.more(100)
    await load.stop()
    expect(load.failures).toEqual([])
    expect(program.errors).toBe('')
  })

  it.each(['round-robin', 'kernel'] as const)('fails no request on a new connection, balance: %s', async (balance) => {
    const program = launch({ options: { workers: 1, balance } })
    await program.ready()
    const state = { running: true }
    const failures: unknown[] = []
    const clients = Array.from({ length: 4 }, async () => {
      while (state.running) await fetchText(program.url).catch((error: unknown) => failures.push(error))
    })
    for (let round = 0; round < rounds; round++) await program.ask('reload')
    state.running = false
    await Promise.all(clients)
    expect(failures).toEqual([])
  })

  it('fails no request of clients that speak HTTP/2, many at a time', async () => {
    const program = launch({ env: { AT: '{"port":0,"http2":true}' } })
    await program.ready()
    const load = startStreams(program.url, 4, 20)
    for (let round = 0; round < rounds; round++) {
      await load.more(500)
      expect(await program.ask('reload')).toBe('done')
    }
    await load.more(500)
    await load.stop()
    expect(load.failures).toEqual([])
    expect(load.connections).toBeGreaterThanOrEqual(4 * (rounds + 1))
    expect(program.errors).toBe('')
  })

  it('comes by SIGHUP, one place after the other, new before old', async () => {
    const program = launch()
    await program.ready()
    const from = program.lines.length
    program.child.kill('SIGHUP')
    await program.saw(() => program.lines.slice(from).filter(told({ state: 'ended' })).length === 2)
    const story = program.lines.slice(from).flatMap(({ event }) => (event ? [`${event.worker} ${event.state}`] : []))
    const each = ['starting', 'ready', 'draining', 'ended']
    expect(story).toEqual([1, 2].flatMap((worker) => each.map((state) => `${worker} ${state}`)))
  })

  it('asked for while one runs follows it, once for all who ask', async () => {
    const program = launch({ options: { workers: 1 } })
    await program.ready()
    await program.ask('twice')
    expect(program.lines.filter(told({ state: 'ended' }))).toHaveLength(2)
  })

  it('of a broken release stops at its first worker, and the old ones go on', async () => {
    const broken = join(folder(), 'broken')
    const program = launch({ env: { BROKEN: broken } })
    const before = await program.ready()
    writeFileSync(broken, '')
    expect(await program.ask('reload')).toMatch(/new worker 1 of 2 did not become ready: Error: This release is broken/)
    expect(await program.ready()).toEqual(before)
    rmSync(broken)
    expect(await program.ask('reload')).toBe('done')
  })
})

describe('the start', { timeout: 30_000 }, () => {
  it.each([0, -1, 1.5, Number.NaN])('wants a number of workers, not %d', async (workers) => {
    await expect(cluster(() => expect.unreachable(), { workers })).rejects.toThrow(RangeError)
  })

  it('is given up when workers end at once, with the reason', async () => {
    const broken = join(folder(), 'never')
    writeFileSync(broken, '')
    const program = launch({ options: { workers: 1, restart: { attempts: 3, minDelay: 1 } }, env: { BROKEN: broken } })
    expect((await program.gone).code).toBe(1)
    expect(program.lines.filter(told({ state: 'ended', code: 1 }))).toHaveLength(3)
    expect(program.errors).toMatch(/could not start: 3 workers in a row .* the last: Error: This release is broken/)
  })

  it.each([
    ['never ends', 'hang', /It was not ready within 300 ms/],
    ['gives no server', 'nothing', /must return its server/],
  ])('is given up when it %s', async (_, START, message) => {
    const startDeadline = START === 'hang' ? 300 : 30_000
    const program = launch({ options: { workers: 1, startDeadline, restart: { attempts: 1 } }, env: { START } })
    expect((await program.gone).code).toBe(1)
    expect(program.errors).toMatch(message)
  })
})

describe('the end', { timeout: 30_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('by %s answers what is active, then exits with 0', async (signal) => {
    const program = launch()
    await program.ready()
    const held = await holdRequest(program.url)
    program.child.kill(signal)
    await until(() => program.lines.filter(told({ state: 'draining' })).length === 2)
    await program.saw(told({ state: 'ended' }))
    expect(await held.finish()).toMatch(/Connection: close\r\n[^]*\d held$/)
    expect(await program.gone).toEqual({ code: 0, signal: null })
  })

  it('leaves the signals of a terminal to the primary', async () => {
    const program = launch()
    const pids = await program.ready()
    for (const pid of pids) for (const signal of ['SIGINT', 'SIGHUP'] as const) process.kill(pid, signal)
    await fetchText(program.url)
    expect(await program.ready()).toEqual(pids)
  })

  it('may come before a worker is ready', async () => {
    const program = launch()
    await program.saw(told({ state: 'starting', worker: 2 }))
    program.child.kill('SIGTERM')
    expect(await program.gone).toEqual({ code: 0, signal: null })
    expect(program.lines.some(({ primary }) => primary)).toBe(false)
    expect(program.errors).toBe('')
  })

  it('may come in the middle of a reload', async () => {
    const program = launch()
    await program.ready()
    const from = program.lines.length
    program.child.kill('SIGHUP')
    await program.saw(told({ state: 'starting' }), from)
    program.child.kill('SIGTERM')
    expect(await program.gone).toEqual({ code: 0, signal: null })
    expect(program.lines.filter(told({ state: 'starting' }))).toHaveLength(3)
    expect(program.lines.filter(told({ state: 'ended' }))).toHaveLength(3)
    expect(program.errors).toBe('')
  })

  it('comes at once with the second signal, unless both are of the same press of Ctrl-C', async () => {
    const program = launch()
    await program.ready()
    const held = await holdRequest(program.url)
    program.child.kill('SIGTERM')
    await program.saw(told({ state: 'draining' }))
    program.child.kill('SIGTERM')
    // Whether the two were one press is decided by the time between them.
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(program.child.exitCode).toBe(null)
    program.child.kill('SIGTERM')
    expect(await program.gone).toEqual({ code: 1, signal: null })
    expect(await held.finish()).not.toMatch(/held$/)
  })

  it('of the primary ends the workers after what is active', async () => {
    const program = launch()
    await program.ready()
    const held = await holdRequest(program.url)
    program.child.kill('SIGKILL')
    await program.saw(({ shutdown }) => shutdown !== undefined)
    expect(await held.finish()).toMatch(/Connection: close\r\n[^]*\d held$/)
    expect(await program.gone).toEqual({ code: null, signal: 'SIGKILL' })
  })

  it('waits no longer than told, and says what became of the workers', async () => {
    const program = launch()
    await program.ready()
    const held = await holdRequest(program.url)
    expect(await program.ask('close')).toEqual({ drained: 2, killed: 0 })
    expect(await held.finish()).not.toMatch(/held$/)
  })

  it('waits for what is active when the deadline is Infinity', async () => {
    const program = launch()
    await program.ready()
    const held = await holdRequest(program.url)
    const closed = program.ask('finish')
    await program.saw(({ shutdown }) => shutdown !== undefined)
    expect(await held.finish()).toMatch(/held$/)
    expect(await closed).toEqual({ drained: 2, killed: 0 })
  })

  it('kills a worker that does not react to its deadline', async () => {
    const program = launch({ options: { workers: 1 } })
    await program.ready()
    const lost = fetchText(program.url, '/block').catch((error: Error) => error.message)
    await program.saw(({ blocked }) => blocked !== undefined)
    expect(await program.ask('close')).toEqual({ drained: 0, killed: 1 })
    expect(await lost).toMatch(hungUp)
  })

  withTools(unshare, ps)('first of its namespace', () => {
    it('comes by signal to process 1, too', async () => {
      const program = launch({ under: [unshare.path, ...namespace, '--kill-child'] })
      const { primary } = await program.saw(({ primary: pid }) => pid !== undefined)
      expect(primary).toBe(1)
      // Its parent is `unshare`, which does not pass signals on.
      const children = execFileSync(ps.path, ['-o', 'pid=', '--ppid', String(program.child.pid)], { encoding: 'utf8' })
      process.kill(Number(children), 'SIGTERM')
      expect((await program.gone).code).toBe(0)
    })
  })
})

async function untilReady(program: Program, count: number): Promise<void> {
  while ((await program.ready()).length < count) await fetchText(program.url).catch(() => {})
}
