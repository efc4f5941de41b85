import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

/** What content may be. */
export const kinds = [
  'readable',
  'missing file',
  'file',
  'directory',
  'web stream',
  'generator',
  'iterator',
  'thenable iterator',
  'garbage iterator',
  'response',
  'proxy',
  'proxy readable',
  'locked stream',
  'getters',
  'promise',
  'text',
  'nothing of it',
] as const
/** When it fails. */
export const failings = [
  'never',
  'at once',
  'later',
  'first',
  'midway',
  'at the end',
  'never comes',
  'endless',
] as const

export interface Failing {
  readonly kind: (typeof kinds)[number]
  readonly fails: (typeof failings)[number]
  /** What it does when it is let go. */
  readonly atEnd: 'fine' | 'throws' | 'rejects' | 'hangs' | 'absent' | 'late'
}

export interface Made {
  /** A source, a `Response`, or what is no content at all. */
  readonly body: unknown
  isReleased(): boolean
  /** Nobody has to let go of it any more. */
  forget(): void
}

const failure = (): Error => new Error('The source failed')
const fail = (): never => {
  throw failure()
}
const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const piece = 'abc'

export function makeSource(how: Failing): Made {
  const made = {
    body: undefined as unknown,
    released: true,
    forgotten: false,
    isReleased: () => made.released || made.forgotten,
    forget: () => void (made.forgotten = true),
  }
  made.body = bodyOf(how, {
    open: () => (made.released = false),
    close: () => (made.released = true),
  })
  return made
}

/** Told whether something is held that has to be let go. */
interface Hold {
  open(): void
  close(): void
}

const traps: ProxyHandler<object> = { get: fail, has: fail, getPrototypeOf: fail, set: fail, ownKeys: fail }

function bodyOf(how: Failing, hold: Hold): unknown {
  switch (how.kind) {
    case 'readable':
      return watched(readable(how), hold)
    case 'missing file':
      return watched(createReadStream('/nowhere/at/all'), hold)
    case 'directory':
      return watched(createReadStream('/'), hold)
    case 'file':
      return watched(createReadStream(process.argv[1]!), hold)
    case 'web stream':
      return webStream(how, hold)
    case 'response':
      return new Response(webStream(how, hold), { headers: { 'X-Some': 'x' } })
    case 'generator':
      return generator(how, hold)
    case 'iterator':
    case 'thenable iterator':
    case 'garbage iterator':
      return iterable(how, hold)
    case 'locked stream': {
      const stream = new ReadableStream()
      stream.getReader()
      return stream
    }
    case 'proxy':
      return new Proxy({}, traps)
    case 'proxy readable':
      return new Proxy(readable({ ...how, fails: 'never' }), traps)
    case 'getters':
      return {
        get [Symbol.asyncIterator]() {
          return fail()
        },
        get destroy() {
          return fail()
        },
      }
    case 'promise':
      return how.fails === 'never' ? Promise.resolve(piece) : later(how.fails === 'at once' ? 0 : 3).then(fail)
    case 'text':
      return piece.repeat(3)
    default:
      return { never: 5, at: undefined, later: fail }
  }
}

function watched(stream: Readable, hold: Hold): Readable {
  hold.open()
  stream.once('close', () => hold.close())
  if (stream.closed) hold.close()
  return stream
}

/** A stream of Node. */
function readable({ fails, atEnd }: Failing): Readable {
  let count = 0
  const stream = new Readable({
    read() {
      count++
      if (fails === 'never comes') return
      if (fails === 'first' || (fails === 'midway' && count > 2)) {
        this.destroy(failure())
        return
      }
      if (count > 3 && fails !== 'endless') {
        if (fails === 'at the end') this.destroy(failure())
        else this.push(null)
        return
      }
      this.push(piece.repeat(fails === 'endless' ? 10_000 : 1))
    },
    destroy(error, done) {
      if (atEnd === 'throws') done(failure())
      else if (atEnd === 'late' || atEnd === 'rejects') setTimeout(() => done(failure()), 3)
      else done(error)
    },
  })
  if (fails === 'at once') stream.destroy(failure())
  if (fails === 'later') setTimeout(() => stream.destroy(failure()), 3)
  return stream
}

function webStream({ fails, atEnd }: Failing, hold: Hold): ReadableStream<Uint8Array> {
  let count = 0
  const bytes = new TextEncoder().encode(piece.repeat(fails === 'endless' ? 10_000 : 1))
  const error = (controller: ReadableStreamDefaultController): void => {
    hold.close()
    try {
      controller.error(failure())
    } catch {
      // It was closed.
    }
  }
  hold.open()
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (fails === 'at once') error(controller)
        if (fails === 'later') setTimeout(() => error(controller), 3)
        if (fails === 'first') {
          hold.close()
          return Promise.reject(failure())
        }
        return undefined
      },
      pull(controller) {
        count++
        if (fails === 'never comes') return new Promise(() => {})
        if (fails === 'midway' && count > 2) {
          hold.close()
          throw failure()
        }
        if (count > 3 && fails !== 'endless') {
          hold.close()
          if (fails === 'at the end') controller.error(failure())
          else controller.close()
          return undefined
        }
        controller.enqueue(bytes)
        return undefined
      },
      cancel() {
        hold.close()
        return ending(atEnd) as Promise<void>
      },
    },
    { highWaterMark: 0 },
  )
}

function ending(atEnd: Failing['atEnd']): unknown {
  switch (atEnd) {
    case 'throws':
      return fail()
    case 'rejects':
      return Promise.reject(failure())
    case 'late':
      return later(3).then(fail)
    case 'hangs':
      return new Promise(() => {})
    default:
      return undefined
  }
}

async function* generator({ fails, atEnd }: Failing, hold: Hold): AsyncGenerator<string> {
  // A generator that nobody has begun holds nothing; one that waits for ever cannot be ended by anybody.
  if (fails !== 'never comes') hold.open()
  try {
    if (fails === 'at once' || fails === 'first') fail()
    if (fails === 'later') await later(3).then(fail)
    if (fails === 'never comes') await new Promise(() => {})
    yield piece
    if (fails === 'midway') fail()
    if (fails === 'endless') for (;;) yield piece.repeat(10_000)
    yield piece
    yield piece
    if (fails === 'at the end') fail()
  } finally {
    hold.close()
    await ending(atEnd === 'hangs' ? 'fine' : atEnd)
  }
}

/** An iterator that somebody has written by hand. */
function iterable({ kind, fails, atEnd }: Failing, hold: Hold): unknown {
  let count = 0
  const step = (): unknown => {
    count++
    if (fails === 'at once') {
      hold.close()
      return fail()
    }
    if (fails === 'never comes') return new Promise(() => {})
    const failed = fails === 'first' || (fails === 'midway' && count > 2) || (fails === 'at the end' && count > 3)
    if (failed || fails === 'later') {
      hold.close()
      return later(fails === 'later' ? 3 : 0).then(fail)
    }
    if (kind === 'garbage iterator') return garbage(count)
    const done = count > 3 && fails !== 'endless'
    if (done) hold.close()
    return Promise.resolve(done ? { done } : { done, value: piece })
  }
  return {
    [Symbol.asyncIterator]() {
      hold.open()
      return {
        next: () => (kind === 'thenable iterator' ? thenable(step()) : step()),
        ...(atEnd !== 'absent' && {
          return: () => {
            hold.close()
            return ending(atEnd)
          },
        }),
        ...(atEnd === 'absent' && {
          get return(): undefined {
            hold.close()
            return undefined
          },
        }),
      }
    },
  }
}

/** Looks like a promise, and calls back twice. */
function thenable(of: unknown): unknown {
  return {
    // eslint-disable-next-line unicorn/no-thenable -- that is what is tested
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      Promise.resolve(of).then(
        (value) => {
          resolve(value)
          resolve(value)
        },
        (error) => {
          reject(error)
          reject(error)
        },
      )
      throw failure()
    },
  }
}

function garbage(count: number): unknown {
  const given = [
    undefined,
    5,
    Promise.resolve(null),
    Promise.resolve({ value: 5 }),
    new Proxy({}, traps),
    { done: false },
  ]
  return given[count % given.length]
}
