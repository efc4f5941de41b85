// The clients of the comparison: node many-load.js PORT SECONDS. Writes what it measured, a line of JSON now and then.
import { type Socket, connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { MessageParser } from '@spillway/parser'
import { type Errand, type Sample, errands, load } from '../model/many.ts'

const [port, seconds] = process.argv.slice(2).map(Number) as [number, number]
const tellEvery = 100

const began = performance.now()
let samples: Sample[] = []

/** Pseudo-random numbers from 0 to 1, the same every time (mulberry32), so that every server gets the same load. */
function* numbers(seed: number): Generator<number, never> {
  let state = seed
  for (;;) {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    yield ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

function choose(number: number): Errand {
  let rest = number * 100
  for (const errand of errands) {
    rest -= load.share[errand]
    if (rest < 0) return errand
  }
  return 'quick'
}

/** Resolves when a response is complete; rejects when the connection ends before that. */
function reply(socket: Socket, parser: MessageParser): Promise<void> {
  return new Promise((resolve, reject) => {
    const onData = (bytes: Buffer): void => {
      for (const { type } of parser.feed(bytes)) if (type === 'end') finish(resolve)
    }
    const onClose = (): void => finish(() => reject(new Error('The server ended the connection')))
    const finish = (then: () => void): void => {
      socket.off('data', onData).off('close', onClose)
      then()
    }
    socket.on('data', onData).on('close', onClose)
  })
}

async function client(seed: number): Promise<void> {
  const random = numbers(seed)
  const next = (): number => random.next().value
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  socket.on('error', () => {})
  const parser = new MessageParser('response')
  const [from, to] = load.think
  // Spread out, so that they do not all arrive at the same moment.
  await sleep(next() * to)
  while (performance.now() - began < seconds * 1000) {
    const errand = choose(next())
    const asked = performance.now()
    const replied = reply(socket, parser)
    socket.write(`GET /${errand} HTTP/1.1\r\nHost: many\r\n\r\n`)
    await replied
    const at = performance.now()
    samples.push([round(at - began), errands.indexOf(errand), round(at - asked)])
    await sleep(from + next() * (to - from))
  }
  socket.destroy()
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}

function tell(): void {
  process.stdout.write(`${JSON.stringify(samples)}\n`)
  samples = []
}

process.stdin.resume().on('end', () => process.exit(0))
const timer = setInterval(tell, tellEvery)
await Promise.all(Array.from({ length: load.clients }, (_, i) => client(i + 1)))
clearInterval(timer)
tell()
process.exit(0)
