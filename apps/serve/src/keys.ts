// What keys do while the server runs.
import { execFileSync } from 'node:child_process'
import type { Style } from '@spillway/command-line'

/** The keyboard, as far as it is needed. */
export interface Keyboard {
  setRawMode(raw: boolean): unknown
  on(event: 'data', listener: (keys: Buffer) => void): unknown
  resume(): unknown
  pause(): unknown
  unref(): unknown
}

/** A key, its description, and its action. */
export type Key = readonly [key: string, what: string, act: () => void]

const interrupt = '\x03'
const suspend = '\x1a'

/**
 * Reads keys until the process ends: the given ones, `h` and `?` for their list, and those that a terminal turns into signals unless a
 * program reads the keyboard itself, such as Ctrl-C.
 * @param signal sends a signal to the processes that a terminal would send it to.
 */
export class Keys {
  readonly #keyboard: Keyboard
  readonly #keys: readonly Key[]
  readonly #print: (text: string) => void
  readonly #style: Style
  readonly #signal: (name: NodeJS.Signals) => void

  constructor(
    keyboard: Keyboard,
    keys: readonly Key[],
    print: (text: string) => void,
    style: Style,
    signal: (name: NodeJS.Signals) => void = tellGroup,
  ) {
    this.#keyboard = keyboard
    this.#keys = keys
    this.#print = print
    this.#style = style
    this.#signal = signal
    keyboard.on('data', (typed) => {
      for (const key of String(typed)) this.#pressed(key)
    })
    this.listen()
  }

  /** Starts to read the keyboard. */
  listen(): void {
    this.#keyboard.setRawMode(true)
    this.#keyboard.resume()
    // The keyboard alone must not keep the process alive.
    this.#keyboard.unref()
  }

  /** Stops reading, and gives the keyboard back to the terminal. */
  leave(): void {
    this.#keyboard.setRawMode(false)
    this.#keyboard.pause()
  }

  #pressed(key: string): void {
    if (key === interrupt) return this.#signal('SIGINT')
    if (key === suspend) {
      this.leave()
      return this.#signal('SIGTSTP')
    }
    if (key === 'h' || key === '?') return this.#print(this.#help())
    this.#keys.find(([one]) => one === key)?.[2]()
  }

  #help(): string {
    const lines = this.#keys.map(([key, what]) => `  ${this.#style('bold', key)}  ${what}`)
    return `\n${lines.join('\n')}\n\n`
  }
}

/** Sends a signal to the whole process group: a parent such as `npx` waits for this process and needs the signal, too. */
function tellGroup(name: NodeJS.Signals): void {
  process.kill(process.platform === 'win32' ? process.pid : 0, name)
}

/**
 * Whether this process is in the terminal's foreground. One that a shell started with `&` is not, and the system would stop it when it
 * reads. False where that cannot be known.
 */
export function hasTerminal(): boolean {
  if (process.platform === 'win32') return true
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(process.pid)], { encoding: 'utf8' }).includes('+')
  } catch {
    return false
  }
}
