import type { Options } from './index.js'

/** Tests of a program's command line, made from its own table of options, so that a new one cannot be forgotten. */
export declare function testOptions(program: {
  readonly options: Options
  /** The text of `--help`. */
  readonly help: string
  /** Reads arguments as the program does. @throws UsageError */
  read(args: readonly string[]): unknown
  /** Arguments without which the program does nothing. */
  readonly needs?: readonly string[]
}): void
