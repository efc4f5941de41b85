import type { Answer, Dialogue } from '../client.ts'
import { type Bench, type Try, last, medianMs, milliseconds } from './try.ts'

/** Number of clients in the attack. */
const crowd = 200

/** A request head that never ends, one byte after another. */
function* endless(bench: Bench): Iterable<string> {
  yield `GET /api/time HTTP/1.1\r\nHost: ${bench.host}\r\nX-Slow: `
  for (;;) yield 'z'
}

/** Measures the response times of an honest client until `during` settles. */
async function honest(bench: Bench, during: Promise<unknown>): Promise<Answer[]> {
  const state = { over: false }
  void during.finally(() => (state.over = true))
  const answers: Answer[] = []
  const dialogue = await bench.open('honest')
  while (!state.over && answers.length < 2000) {
    dialogue.ask('GET', bench.get('/api/time'))
    const answer = await dialogue.answer()
    if (!answer) break
    answers.push(answer)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await dialogue.finish()
  return answers
}

const slowloris: Try = {
  title: `Slowloris ×${crowd}`,
  note:
    `${crowd} clients that send a byte now and then, to keep all places taken. Each costs the server a few kilobytes and one ` +
    'deadline that bytes do not reset; everybody else is served as if nothing had happened.',
  async run(bench) {
    const started = performance.now()
    const clients: Dialogue[] = []
    const ended: Promise<void>[] = []
    for (let i = 1; i <= crowd; i++) {
      const client = await bench.open(String(i))
      clients.push(client)
      // Each starts sending at once: a client that never sends a byte is closed without a response.
      ended.push(client.drip(endless(bench), 400).then(() => client.closed))
    }
    const attack = Promise.all(ended)
    const answers = await honest(bench, attack)
    await attack
    const ends = clients.filter(({ run }) => Buffer.from(run.received, 'base64').toString('latin1').includes(' 408 '))
    return [
      ['Slow clients', `${clients.length}, of which ${ends.length} were told 408`],
      ['Held out for', milliseconds(performance.now() - started)],
      ['An honest client meanwhile', `${answers.length} replies, median ${medianMs(answers)}`],
    ]
  },
}

export const slowTries: Readonly<Record<string, Try>> = {
  'slow-client': {
    title: 'Slow client',
    note: 'A request in ten pieces, a tenth of a second apart. The parser goes on where it stopped and looks at no byte twice; slow is allowed as long as it ends.',
    async run(bench) {
      const dialogue = await bench.open()
      const wire = bench.get('/api/time?slowly', last)
      const size = Math.ceil(wire.length / 10)
      const pieces = Array.from({ length: 10 }, (_, i) => wire.slice(i * size, (i + 1) * size))
      dialogue.ask('GET', '')
      await dialogue.drip(pieces, 100)
      await dialogue.closed
    },
  },
  'slow-head': {
    title: 'Head without end',
    note: 'A request that drips in byte by byte and never ends. Bytes do not reset the clock: the server waits once, and says 408.',
    async run(bench) {
      const dialogue = await bench.open()
      dialogue.ask('GET', '')
      await dialogue.drip(endless(bench), 200)
      await dialogue.closed
    },
  },
  slowloris,
}
