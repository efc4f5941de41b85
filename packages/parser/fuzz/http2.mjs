// Feeds the machine of HTTP/2 with mutated cases, in random pieces, and has it answer at random. Whatever comes: nothing is
// thrown, what goes out is frames, no window and no number is exceeded, and how the bytes were cut changes nothing.
//   node packages/parser/fuzz/http2.mjs [seconds] [seed]      on the built package; a watchdog ends it when it hangs
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { watched } from './watchdog.mjs'

const vectors = JSON.parse(readFileSync(new URL('../vectors/http2/connections.json', import.meta.url), 'utf8'))
const types = { DATA: 0, HEADERS: 1, PRIORITY: 2, RST_STREAM: 3, SETTINGS: 4, PUSH_PROMISE: 5, PING: 6, GOAWAY: 7 }
Object.assign(types, { WINDOW_UPDATE: 8, CONTINUATION: 9, PRIORITY_UPDATE: 16 })
const blocks = vectors
  .flatMap(({ frames }) => frames)
  .filter(([type, , , payload]) => type === 'HEADERS' && payload.length < 2000)
  .map(([, , , payload]) => payload)
const seeds = vectors.filter(({ side, split }) => side !== 'client' && split !== 'few')

function generator(seed) {
  let state = seed >>> 0 || 1
  return (n) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % n
  }
}

function frame(type, flags, stream, payload) {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream >>> 0, 5)
  return Buffer.concat([head, payload])
}

/** The bytes of a connection: cases one behind the other, with some of their frames changed. */
function connection(random, preface) {
  const frames = [Buffer.from(preface), frame(4, 0, 0, Buffer.alloc(0))]
  for (let cases = 1 + random(4), base = 0; cases > 0; cases--, base += 2 * random(20)) {
    for (const [type, flags, stream, payload] of seeds[random(seeds.length)].frames) {
      const known = types[type] ?? Number(type)
      if (Number.isNaN(known)) continue
      let hex = payload
      if (random(6) === 0) hex = blocks[random(blocks.length)]
      let bytes = Buffer.from(hex, 'hex')
      if (random(8) === 0) bytes = mutated(random, bytes)
      const id = stream > 0 && random(10) > 0 ? stream + base : stream
      frames.push(
        frame(
          random(20) === 0 ? random(18) : known,
          random(10) === 0 ? random(256) : flags,
          random(20) === 0 ? random(50) : id,
          bytes,
        ),
      )
      if (random(40) === 0) for (let n = random(200); n > 0; n--) frames.push(frames.at(-1))
    }
  }
  const all = Buffer.concat(frames)
  return random(10) === 0 ? mutated(random, all) : all
}

function mutated(random, bytes) {
  const at = random(bytes.length + 1)
  const kind = random(4)
  if (kind === 0) return Buffer.concat([bytes.subarray(0, at), Buffer.from([random(256)]), bytes.subarray(at)])
  if (kind === 1) return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random(4))])
  if (kind === 2)
    return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(random(300), random(256)), bytes.subarray(at)])
  const copy = Buffer.from(bytes)
  if (at < copy.length) copy[at] ^= 1 << random(8)
  return copy
}

/** What an application does when something has happened; decided by what happened, not by when. */
function react(api, machine, event, choose, chunk) {
  const { stream } = machine
  const { MachineEvent } = api
  if (event === MachineEvent.Content) {
    if (machine.dataStart >= machine.dataEnd || machine.dataEnd > chunk.length) throw new Error('content of nothing')
    machine.release(stream, machine.dataEnd - machine.dataStart)
  }
  if (event === MachineEvent.Head && (stream.head.method === '' || stream.head.target === ''))
    throw new Error('half a head')
  const isRequest = event === MachineEvent.Head || event === MachineEvent.RefusedHead || event === MachineEvent.End
  if (!isRequest || !stream.openOut) return
  const kind = (choose * 7 + stream.id) % 5
  if (kind === 0)
    machine.send(
      stream,
      [
        [':status', '200'],
        ['content-type', `text/${stream.id}`],
      ],
      true,
    )
  else if (kind === 1) machine.reset(stream, api.ErrorCode.Cancel)
  else if (kind === 2 && machine.room(stream) > 5) {
    machine.send(
      stream,
      [
        [':status', '404'],
        ['x', 'y'.repeat(stream.id % 3)],
      ],
      false,
    )
    machine.data(stream, new Uint8Array(5), 0, 5, true)
  }
}

/** One connection, cut by `cut`; gives all that can be told of it. */
function play(api, bytes, cut, choose) {
  const limits = { streams: 10, fields: 20 }
  const machine = new api.Http2Machine('server', limits)
  const told = []
  let isOver = false
  let events = 0
  for (let at = 0; at < bytes.length;) {
    const chunk = bytes.subarray(at, at + Math.max(1, cut()))
    at += chunk.length
    for (let event, p = 0; (event = machine.next(chunk, p, chunk.length)) !== api.MachineEvent.More; p = machine.pos) {
      if (isOver) throw new Error('an event behind the fault')
      if (++events > bytes.length * 2) throw new Error('events without bytes')
      isOver = event === api.MachineEvent.Fault
      if (event !== api.MachineEvent.Content) told.push(`${event} ${machine.stream?.id} ${isOver ? machine.fault : ''}`)
      react(api, machine, event, choose, chunk)
    }
    if (machine.pos !== chunk.length) throw new Error(`${machine.pos} of ${chunk.length} bytes were read`)
    if (machine.streams.size > limits.streams) throw new Error(`${machine.streams.size} streams`)
    if (machine.encoder.table.size > 4096) throw new Error('a table above its size')
    if (machine.sendWindow > 2 ** 31 - 1) throw new Error(`a window of ${machine.sendWindow}`)
  }
  const out = machine.out.take()
  const reader = new api.FrameReader()
  let p = 0
  while (reader.next(out, p, out.length)) {
    p = reader.pos
    if (reader.type > 9 || reader.length > 16384) throw new Error(`a frame of type ${reader.type} goes out`)
    if (reader.type !== 8) told.push(`out ${reader.type} ${reader.stream} ${reader.length}`)
  }
  if (p !== out.length) throw new Error('what goes out is no frame')
  return told.join('\n')
}

/** Runs until `enough` says so. Throws for what is wrong, with the seed that shows it. */
export function fuzz(api, seed, enough) {
  return watched((beat) => fuzzed(api, seed, enough, beat))
}

function fuzzed(api, seed, enough, beat) {
  let inputs = 0
  let slowest = { ms: 0, bytes: 0, seed: 0 }
  for (; !enough(inputs); inputs++) {
    const one = seed + inputs * 7919
    const random = generator(one)
    const bytes = connection(random, api.PREFACE)
    const choose = random(5)
    beat(bytes)
    const began = performance.now()
    try {
      const whole = play(api, bytes, () => bytes.length, choose)
      const pieces = play(api, bytes, () => random(random(4) === 0 ? 300 : 20), choose)
      if (whole !== pieces) throw new Error(`cut, it is\n${pieces}\nand not\n${whole}`)
    } catch (error) {
      throw new Error(`seed ${one}: ${bytes.toString('hex').slice(0, 2000)}`, { cause: error })
    }
    const ms = performance.now() - began
    if (ms / bytes.length > slowest.ms / (slowest.bytes || 1) && ms > 5)
      slowest = { ms, bytes: bytes.length, seed: one }
  }
  return { inputs, slowest }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [seconds = 60, seed = Date.now() % 1e9] = process.argv.slice(2).map(Number)
  console.log(`seed ${seed}`)
  const end = performance.now() + seconds * 1000
  console.log(fuzz(await import('../dist/http2.js'), seed, () => performance.now() > end))
}
