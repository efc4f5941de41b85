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

/** A key, what it does in a word, and what it does. */
export type Key = readonly [key: string, what: string, act: () => void]

const interrupt = '\x03'
const suspend = '\x1a'

/**
 * Does what keys ask for, until the process ends: each of these, `h` and `?` to be told of them, and those that a terminal makes signals of
 * when nobody else reads it.
 * @param signal sends a signal to whom a terminal sends it.
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

  /** Reads the keyboard from now on. */
  listen(): void {
    this.#keyboard.setRawMode(true)
    this.#keyboard.resume()
    // It alone keeps no process alive.
    this.#keyboard.unref()
  }

  /** Leaves the keyboard to whoever else reads it. */
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

/** What started this process, `npx` for example, waits for it and hears the signal, too. */
function tellGroup(name: NodeJS.Signals): void {
  process.kill(process.platform === 'win32' ? process.pid : 0, name)
}

/**
 * Whether the terminal is this process's to read: a shell's `&` leaves it to others, and the system stops whoever reads it all the same.
 * Where that cannot be known it is not.
 */
export function hasTerminal(): boolean {
  if (process.platform === 'win32') return true
  try {
    return execFileSync('ps', ['-o', 'stat=', '-p', String(process.pid)], { encoding: 'utf8' }).includes('+')
  } catch {
    return false
  }
}
