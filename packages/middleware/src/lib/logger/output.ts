// Where lines of a log are written, in bounded memory.
import { fstatSync, writeSync } from 'node:fs'
import type { Writable } from 'node:stream'
import { isatty } from 'node:tty'

/** Bytes of lines that may wait for whoever reads them. */
export const mostWaiting: number = 1024 * 1024

/** Is told in a sentence what was lost. */
type Tell = (what: string) => void

/**
 * Writes lines to a stream of this process without ever blocking its server: lines that come while too many are waiting are dropped
 * and counted, and once the reader has gone (`gateway | head -1`) all are dropped.
 */
export function boundedOutput(stream: Writable, tell: Tell): (line: string) => void {
  let dropped = 0
  let isGone = false
  stream.on('error', (error) => {
    if (!isGone) tell(`the output is gone, and with it what is logged from now on: ${error.message}`)
    isGone = true
  })
  const room = (): void => {
    if (dropped > 0) tell(`${dropped} lines were dropped, because nobody took them in time`)
    dropped = 0
  }
  return (line) => {
    if (isGone) return
    if (stream.writableLength <= mostWaiting) stream.write(line)
    else if (dropped++ === 0) stream.once('drain', room)
  }
}

/**
 * Writes lines to a file. Those that do not fit are dropped and counted, until there is room again: Node's own stream ends with the
 * first one for which the disk is full.
 * @param write returns how many of the bytes have found room.
 */
export function fileOutput(write: (bytes: Uint8Array) => number, tell: Tell): (line: string) => void {
  let dropped = 0
  /** Whether the file ends in the middle of a line. */
  let isCut = false
  return (line) => {
    const bytes = Buffer.from(isCut ? `\n${line}` : line)
    try {
      const written = write(bytes)
      isCut = written > 0 ? written < bytes.length : isCut
      if (written < bytes.length) throw new Error('the disk is full')
      if (dropped > 0) tell(`${dropped} lines were lost`)
      dropped = 0
    } catch (error) {
      if (dropped++ === 0) tell(`lines are lost until they can be written again: ${(error as Error).message}`)
    }
  }
}

let standardOutput: ((line: string) => void) | undefined

/** Writes a line to standard output in this way. */
export function toStandardOutput(line: string): void {
  standardOutput ??= openStandardOutput((what) => console.error('logger: %s', what))
  standardOutput(line)
}

function openStandardOutput(tell: Tell): (line: string) => void {
  const fd = 1
  return isFile(fd) ? fileOutput((bytes) => writeSync(fd, bytes), tell) : boundedOutput(process.stdout, tell)
}

/** Whether it is written as files are: no terminal, pipe or socket, and not closed. */
function isFile(fd: number): boolean {
  try {
    const about = fstatSync(fd)
    return about.isFile() || (about.isCharacterDevice() && !isatty(fd))
  } catch {
    return false
  }
}
