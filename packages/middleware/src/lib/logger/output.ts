// Where lines of a log are written, in bounded memory.
import type { Writable } from 'node:stream'

/** Bytes of lines that may wait for whoever reads them. */
export const mostWaiting: number = 1024 * 1024

/**
 * Writes lines to a stream of this process without ever blocking its server: lines that come while too many are waiting are dropped
 * and counted, and once the reader has gone (`gateway | head -1`) all are dropped.
 * @param tell is told in a sentence what was lost.
 */
export function boundedOutput(stream: Writable, tell: (what: string) => void): (line: string) => void {
  let dropped = 0
  let isGone = false
  let isFailing = false
  const lost = (error: unknown): void => {
    if (isGone) return
    isGone = true
    tell(`the output is gone, and with it what is logged from now on: ${(error as Error).message}`)
  }
  stream.on('error', lost)
  const room = (): void => {
    if (dropped > 0) tell(`${dropped} lines were dropped, because nobody took them in time`)
    dropped = 0
  }
  return (line) => {
    if (isGone) return
    if (stream.writableLength > mostWaiting) {
      if (dropped++ === 0) stream.once('drain', room)
      return
    }
    try {
      stream.write(line)
      isFailing = false
    } catch (error) {
      // Files are written synchronously, and may fail synchronously, for example when the disk is full. The next line may fit again.
      if (!isFailing) tell(`a line could not be written: ${(error as Error).message}`)
      isFailing = true
    }
  }
}

let standardOutput: ((line: string) => void) | undefined

/** Writes a line to standard output in this way. */
export function toStandardOutput(line: string): void {
  standardOutput ??= boundedOutput(process.stdout, (what) => console.error('logger: %s', what))
  standardOutput(line)
}
