// What every command-line program here shares: reading its options, its help, and one line for what went wrong.

/** An option of a program. One table of them serves the command line, the help and the tests. */
export interface Option {
  readonly type: 'string' | 'number' | 'boolean'
  /** One letter, for `-p`. */
  readonly short?: string
  /** Whether it may be given several times. */
  readonly multiple?: true
  /** The placeholder for the value in the help. */
  readonly value?: string
  readonly help: string
  /** Used when the option is not given; the help shows it. */
  readonly default?: string | number
  /** The smallest number allowed. Default: 0. */
  readonly from?: number
  /** The largest number allowed. Default: the largest safe integer. */
  readonly to?: number
  /** Whether a number may have decimals. */
  readonly decimals?: true
  /** The only values allowed. */
  readonly choices?: readonly string[]
}

export type Options = Readonly<Record<string, Option>>

type Single<O extends Option> = Option extends O
  ? string | number | boolean
  : O['type'] extends 'boolean'
    ? boolean
    : O['type'] extends 'number'
      ? number
      : O extends { readonly choices: readonly (infer C)[] }
        ? C
        : string

type Value<O extends Option> = O extends { readonly multiple: true } ? readonly Single<O>[] : Single<O>

/** The values of the given options and of those that every program has. Those without a default may be absent. */
export type Values<Os extends Options> = {
  readonly [K in keyof Os as Os[K] extends { readonly default: string | number } ? K : never]: Value<Os[K]>
} & {
  readonly [K in keyof Os as Os[K] extends { readonly default: string | number } ? never : K]?: Value<Os[K]>
} & { readonly help?: boolean; readonly version?: boolean }

/**
 * Reads a command line. Every program has --help and --version, which its table leaves out.
 * @param elsewhere maps option names of similar programs to the names used here.
 * @throws UsageError for an unknown option, naming the nearest one; for a missing value, and for one that is not allowed.
 */
export declare function readOptions<Os extends Options>(
  args: readonly string[],
  options: Os,
  elsewhere?: ReadonlyMap<string, string>,
): { readonly values: Values<Os>; readonly positionals: readonly string[] }

/** The value of one option. @param where names it in errors: `--port`. @throws UsageError when it is not allowed. */
export declare function readValue<O extends Option>(where: string, option: O, text: string): Exclude<Single<O>, boolean>

/** A number in decimal digits. @param where names it in errors. @throws UsageError for anything else, and when out of range. */
export declare function readNumber(
  where: string,
  text: string,
  bounds?: Pick<Option, 'from' | 'to' | 'decimals'>,
): number

/** One of several names. @param what the names stand for: `command`. @throws UsageError for another, with the nearest or all of them. */
export declare function chosenFrom<T extends string>(what: string, text: string, names: readonly T[]): T

/** What a script takes. */
export interface Script<Os extends Options> {
  /** Its arguments and what it does with them, for --help; the options are added. */
  readonly usage: string
  /** Default: none. */
  readonly options?: Os
  /** The largest number of arguments. Default: any number. */
  readonly most?: number
}

/**
 * What `read` makes of the arguments and options of a script. Ends the process after --help; and with 2 when they cannot be understood,
 * also when `read` throws a UsageError.
 */
export declare function askedOf<T, Os extends Options = {}>(
  name: string,
  script: Script<Os>,
  read: (positionals: readonly string[], values: Values<Os>) => T,
  args?: readonly string[],
): T

/**
 * The arguments of a script that takes only positive integers, in the order of their names. Ends the process after --help, and
 * with 2 for anything else.
 */
export declare function countsOf<Name extends string>(
  name: string,
  defaults: Readonly<Record<Name, number>>,
  args?: readonly string[],
): Readonly<Record<Name, number>>

/** Colours a text, or leaves it as it is. */
export type Style = (format: 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow', text: string) => string

/** Uses colour on terminals only, and not when `NO_COLOR` is set or the terminal is a dumb one. */
export declare function styleFor(stream: { readonly isTTY?: boolean }, env?: NodeJS.ProcessEnv): Style

/** A line of help for each option, --help and --version among them. @param names the options to show. Default: all. */
export declare function optionLines(options: Options, style?: Style, names?: readonly string[]): string

/** An error that the user can do something about: only its message is shown. */
export declare class Failure extends Error {}

/** A command line that cannot be understood: the program exits with status 2. */
export declare class UsageError extends Failure {}

/** What went wrong, in one line; with the stack when it is a bug in the program. */
export declare function explain(error: unknown): string

/** The version in a package.json. */
export declare function ownVersion(manifest: URL): string

/**
 * Runs a program with its arguments. When it throws, one line on standard error says why, and the process exits with
 * status 2 after a UsageError, otherwise with `failed`.
 * @param failed Default: 1.
 */
export declare function runProgram(
  name: string,
  main: (args: readonly string[]) => unknown,
  failed?: number,
): Promise<void>
