// Runs a command.
import { differences, ofTheMoment } from './compare.ts'
import type { Command } from './arguments.ts'
import { UsageError } from '@spillway/command-line'
import { harEntry } from './har.ts'
import { type Progress, readTransactions } from './read.ts'
import { type Outcome, sendAll } from './send.ts'
import { listLine, showTransaction, visible } from './show.ts'
import { type Transaction, urlOf } from './transaction.ts'

/** Where the result goes, and where progress goes, which is only for people. */
export interface Output {
  readonly print: (text: string) => void
  /** Replaces the previous line; called with an empty text at the end. */
  readonly progress: (text: string) => void
}

/** Milliseconds between two updates of the progress line. */
const PAUSE = 200

/**
 * Runs a command.
 *
 * @returns the exit status
 */
export async function run(command: Command, { print, progress }: Output): Promise<number> {
  let lastTold = 0
  const tell = (text: () => string): void => {
    if (Date.now() - lastTold < PAUSE) return
    lastTold = Date.now()
    progress(text())
  }
  const reading = ({ read, size }: Progress): void => tell(() => `${mega(read)} of ${mega(size)} MB read`)
  const list = chosen(command, readTransactions(command.file, keepFor(command), reading))
  if (command.name === 'send') return send(command, list, { print, progress }, tell)
  let count = 0
  if (command.name === 'har')
    print('{"log":{"version":"1.2","creator":{"name":"@spillway/replay","version":"1"},"entries":[')
  for (const one of list) {
    if (command.name === 'har') print(`${count > 0 ? ',' : ''}\n${JSON.stringify(harEntry(one))}`)
    else if (command.json) print(`${JSON.stringify(summaryOf(one))}\n`)
    else print(command.name === 'show' ? showTransaction(one) : `${listLine(one)}\n`)
    count++
  }
  if (command.name === 'har') print('\n]}}\n')
  progress('')
  if (command.name === 'show' && count < command.numbers.size)
    throw new UsageError(`${command.file} does not have all of these transactions; list prints their numbers`)
  return 0
}

function mega(bytes: number): number {
  return Math.round(bytes / 1e6)
}

/** How many bytes of content are kept: none when content is neither shown nor compared. */
function keepFor({ name, keep }: Command): number {
  return name === 'list' ? 0 : keep
}

function* chosen({ numbers, only }: Command, list: Iterable<Transaction>): Generator<Transaction> {
  let missing = numbers.size
  for (const one of list) {
    const text = `${one.request?.method ?? ''} ${urlOf(one)}`
    if (only.length > 0 && !only.some((holds) => holds(text))) continue
    if (numbers.size > 0 && !numbers.has(one.number)) continue
    yield one
    if (numbers.size > 0 && --missing === 0) return
  }
}

function summaryOf(one: Transaction): object {
  const { number, startedAt, duration, request, response, deviations } = one
  return {
    number,
    startedAt,
    duration,
    method: request?.method,
    url: urlOf(one),
    status: response?.status,
    bytes: response?.contentBytes,
    deviations: deviations.map(({ side, code, at }) => ({ side, code, at })),
  }
}

async function send(
  { destination, pace, ignore, json }: Command,
  list: Iterable<Transaction>,
  { print, progress }: Output,
  tell: (text: () => string) => void,
): Promise<number> {
  const ignored = { fields: new Set([...ofTheMoment, ...ignore]), content: ignore.includes('content') }
  const counts = { same: 0, different: 0, unanswered: 0, skipped: 0 }
  const startedAt = performance.now()
  const judge = (one: Transaction, outcome: Outcome): void => {
    let kind: keyof typeof counts = 'same'
    let reasons: string[] = []
    if (outcome.kind === 'skipped') [kind, reasons] = ['skipped', [outcome.why]]
    // the recording has no response either
    if (outcome.kind === 'failed') [kind, reasons] = [one.response === undefined ? 'same' : 'unanswered', [outcome.why]]
    else if (outcome.kind === 'answered' && one.response !== undefined) {
      reasons = differences(one.request, one.response, outcome.response, ignored)
      if (reasons.length > 0) kind = 'different'
    }
    counts[kind]++
    const { number, request } = one
    if (json) print(`${JSON.stringify({ number, method: request?.method, url: urlOf(one), result: kind, reasons })}\n`)
    else if (kind !== 'same')
      print(
        visible(
          [
            `${number}  ${request?.method ?? '?'} ${urlOf(one)}: ${kind}`,
            ...reasons.map((why) => `    ${why}`),
            '',
          ].join('\n'),
        ),
      )
    tell(() => `${counts.same} as recorded, ${counts.different} different, ${counts.unanswered} unanswered`)
  }
  await sendAll(list, destination!, pace, judge)
  progress('')
  const seconds = (performance.now() - startedAt) / 1000
  const { same, different, unanswered, skipped } = counts
  if (json) print(`${JSON.stringify({ ...counts, seconds })}\n`)
  else
    print(
      `${same} as recorded, ${different} different, ${unanswered} unanswered, ${skipped} not sent, in ${seconds.toFixed(1)} s\n`,
    )
  return different + unanswered > 0 ? 1 : 0
}
