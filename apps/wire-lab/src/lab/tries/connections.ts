import type { Answer, Dialogue } from '../client.ts'
import { type Bench, type Try, last, medianMs, milliseconds, single } from './try.ts'

/** Number of requests in the comparison. */
const requests = 20

/** Sends one request after another, on a new connection each or all on one. */
async function ask(bench: Bench, kept: boolean): Promise<{ answers: Answer[]; ms: number; bytes: number }> {
  const started = performance.now()
  const answers: Answer[] = []
  const used = new Set<Dialogue>()
  let dialogue: Dialogue | undefined
  for (let i = 1; i <= requests; i++) {
    if (!kept || !dialogue) dialogue = await bench.open(kept ? 'kept' : `new ${i}`)
    used.add(dialogue)
    dialogue.ask('GET', bench.get(`/api/time?${i}`, ...(kept && i < requests ? [] : [last])))
    const answer = await dialogue.answer()
    if (answer) answers.push(answer)
    if (!kept) await dialogue.closed
  }
  const ms = performance.now() - started
  await dialogue?.closed
  const bytes = [...used].reduce((sum, { run: { total } }) => sum + total.sent + total.received, 0)
  return { answers, ms, bytes }
}

const keepAlive: Try = {
  title: 'Keep-alive',
  note:
    `${requests} requests, first over one connection that is kept, then each over a connection of its own. Every new one costs ` +
    'a round trip before the first byte of its request can leave: hardly anything within this machine, 30 ms or more over a network.',
  async run(bench) {
    const kept = await ask(bench, true)
    const fresh = await ask(bench, false)
    return [
      ['One connection', `${kept.answers.length} replies in ${milliseconds(kept.ms)}`],
      [`${requests} connections`, `${fresh.answers.length} replies in ${milliseconds(fresh.ms)}`],
      ['Saved', `${requests - 1} handshakes, ${milliseconds(Math.max(0, fresh.ms - kept.ms))} here`],
      ['With 30 ms to the server', `${requests - 1} × 30 ms = ${((requests - 1) * 30).toFixed(0)} ms less to wait`],
    ]
  },
}

const pipeline: Try = {
  title: 'Pipelining',
  note: 'Three requests in one piece, before any reply has come. The replies come back in order, the slow one in the middle holds up the last.',
  async run(bench) {
    const dialogue = await bench.open()
    const wire = [bench.get('/api/time?1'), bench.get('/api/slow?ms=400'), bench.get('/api/time?3', last)]
    dialogue.ask('GET', wire.join(''))
    const answers: Answer[] = []
    for (let answer = await dialogue.answer(); answer; answer = await dialogue.answer()) answers.push(answer)
    await dialogue.closed
    return answers.map(({ status, ms }, i) => [`Reply ${i + 1}`, `${status} after ${milliseconds(ms)}`] as const)
  },
}

const leaves: Try = {
  title: 'Client leaves',
  note: 'A reply that takes three seconds, and a client that goes after the first pieces. The handler hears of it at once and stops its work.',
  async run(bench) {
    const dialogue = await bench.open()
    dialogue.ask('GET', bench.get('/api/drip'))
    await dialogue.received(260)
    dialogue.leave()
    await dialogue.closed
  },
}

const drain: Try = {
  title: 'Drain and restart',
  note:
    'The server of this page stops: no new connections, idle ones end, what is under way is finished, what hangs is cut ' +
    'after 2.5 s. Another takes over the port at once, so whoever comes meanwhile is served.',
  async run(bench) {
    const idle = await bench.open('idle')
    idle.ask('GET', bench.get('/api/time'))
    await idle.answer()
    const busy = await bench.open('at work')
    busy.ask('GET', bench.get('/api/slow?ms=1200'))
    const stuck = await bench.open('hangs')
    stuck.ask('GET', bench.get('/api/stuck'))
    // One more exchange: when it is complete, the server has read what was sent before it.
    const check = await bench.open('before')
    check.ask('GET', bench.get('/api/time', last))
    await check.closed
    const restarted = bench.restart()
    const finished = await busy.answer()
    const fresh = await bench.open('after')
    fresh.ask('GET', bench.get('/api/time', last))
    const served = await fresh.answer()
    const { drained, killed, away } = await restarted
    await Promise.all([idle.closed, busy.closed, stuck.closed, fresh.closed])
    return [
      [
        'Under way when it began',
        `${finished?.status ?? 'no reply'}, Connection: ${finished?.fields.get('connection') ?? '–'}`,
      ],
      ['Served by the next one', `${served?.status ?? 'no reply'} in ${medianMs(served ? [served] : [])}`],
      ['Ended in order', String(drained)],
      ['Cut', String(killed)],
      ['Nobody listened for', milliseconds(away)],
    ]
  },
}

export const connectionTries: Readonly<Record<string, Try>> = {
  'http-1.0': single(
    'HTTP/1.0',
    'The old protocol: one request, one reply, and the server ends the connection. Host had not been invented yet.',
    'GET',
    () => 'GET /api/time HTTP/1.0\r\n\r\n',
  ),
  'http-1.1': {
    title: 'HTTP/1.1',
    note: 'The same request in HTTP/1.1, twice: the connection stays open in between, until the client says that it has had enough.',
    async run(bench) {
      const dialogue = await bench.open()
      dialogue.ask('GET', bench.get('/api/time?1'))
      await dialogue.answer()
      dialogue.ask('GET', bench.get('/api/time?2', last))
      await dialogue.closed
    },
  },
  'keep-alive': keepAlive,
  pipeline,
  leaves,
  drain,
}
