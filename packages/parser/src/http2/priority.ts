/** How urgent a response is (RFC 9218 §4.1), and whether parts of it are useful on their own (§4.2). */
export interface Priority {
  /** From 0, the most urgent, to 7. */
  readonly urgency: number
  readonly incremental: boolean
}

export const defaultPriority: Priority = { urgency: 3, incremental: false }

/*
 * The grammar of a dictionary (RFC 8941 §3.2), of whose members all but two are passed over: but what is no dictionary is ignored
 * as a whole (§4.2), and commas in strings do not separate.
 */
const member: RegExp = /* @__PURE__ */ (() => {
  const { raw } = String
  const key = raw`[a-z*][a-z\d_.*-]*`
  const token = raw`[A-Za-z*][\w!#$%&'*+.^|~:/\x60-]*`
  const item = raw`(?:-?\d{1,12}\.\d{1,3}|-?\d{1,15}|"(?:[ !#-\[\]-~]|\\["\\])*"|${token}|:[A-Za-z\d+/=]*:|\?[01])`
  const params = raw`(?:; *${key}(?:=${item})?)*`
  const inner = raw`\( *(?:${item}${params}(?: +${item}${params})* *)?\)`
  return new RegExp(raw`[\t ]*(${key})(?:=(${item}|${inner}))?${params}[\t ]*(,|$)`, 'y')
})()

/**
 * The value of the field `priority`, or of PRIORITY_UPDATE: a dictionary of which `u` and `i` count (RFC 9218 §4). A value that
 * they cannot have is as none, and of several the last one counts; what is no dictionary says nothing.
 */
export function parsePriority(value: string, before: Priority = defaultPriority): Priority {
  const said: Record<string, string> = {}
  member.lastIndex = 0
  for (let isLast = false; !isLast;) {
    const found = member.exec(value)
    if (found === null) return before
    const [, name, given = '?1', separator] = found
    if (name === 'u' || name === 'i') said[name] = given
    isLast = separator === ''
  }
  const { u = '', i } = said
  const urgency = /^0*[0-7]$/.test(u) ? Number(u) : before.urgency
  return { urgency, incremental: i === '?1' || (i !== '?0' && before.incremental) }
}

/** An element of a {@link SendOrder}. */
export interface Ordered {
  readonly id: number
  priority: Priority
  /** Whether it is in the order. Set only by the order. */
  isQueued: boolean
}

/** Streams of one urgency. */
interface Level<T> {
  /** Streams that are sent one completely after the other, in the order of their identifiers. */
  readonly inTurn: T[]
  /** Streams that are sent in pieces, taking turns. */
  readonly shared: T[]
  /** Whether the last turn was that of a shared stream. */
  wasShared: boolean
}

/**
 * Decides which stream sends next, among all that have something to send and a window for it: the most urgent one. Among equally urgent
 * ones, the first is sent completely, taking turns with those that are useful in pieces. RFC 9218 §10.
 */
export class SendOrder<T extends Ordered> {
  size: number = 0
  /** By urgency; most streams have the same one. */
  readonly _levels: (Level<T> | undefined)[] = []

  add(stream: T): void {
    if (stream.isQueued) return
    stream.isQueued = true
    this.size++
    const { urgency, incremental } = stream.priority
    const level = (this._levels[urgency] ??= { inTurn: [], shared: [], wasShared: false })
    if (incremental) return void level.shared.push(stream)
    let at = level.inTurn.length
    while (at > 0 && level.inTurn[at - 1]!.id > stream.id) at--
    level.inTurn.splice(at, 0, stream)
  }

  remove(stream: T): void {
    if (!stream.isQueued) return
    stream.isQueued = false
    this.size--
    const { urgency, incremental } = stream.priority
    const level = this._levels[urgency]!
    const list = incremental ? level.shared : level.inTurn
    list.splice(list.indexOf(stream), 1)
  }

  /** Changes the priority of a stream, whether it is in the order or not. */
  move(stream: T, priority: Priority): void {
    const { isQueued } = stream
    if (isQueued) this.remove(stream)
    stream.priority = priority
    if (isQueued) this.add(stream)
  }

  /** The stream whose turn it is. It stays in the order until it is removed. */
  next(): T | undefined {
    if (this.size === 0) return undefined
    for (const level of this._levels) {
      if (level === undefined) continue
      const { inTurn, shared } = level
      if (shared.length > 0 && (inTurn.length === 0 || !level.wasShared)) {
        level.wasShared = true
        const stream = shared.shift()!
        shared.push(stream)
        return stream
      }
      if (inTurn.length > 0) {
        level.wasShared = false
        return inTurn[0]
      }
    }
    return undefined
  }
}
