import type * as child from 'node:child_process'

/** A program that may be missing on a machine. */
export interface Tool {
  readonly name: string
  readonly isMissing: boolean
  /** Its path, to be started with the functions below. @throws Error when it is missing */
  readonly path: string
}

export interface Probe {
  /** Arguments with which the tool must succeed, else it counts as missing. */
  readonly probe?: readonly string[]
  /** Output that it must print then. */
  readonly says?: RegExp
}

/**
 * Looks for a program on the PATH and where Debian keeps servers; the file name may end with a version. Reports a missing program
 * on stderr. With `SPILLWAY_WITHOUT_TOOLS=1`, all programs count as missing.
 */
export declare function findTool(name: string, probe?: Probe): Tool

/** A program that `npx` fetches from npm: its name and exact version. Its `path` is npx, whose first arguments are `--yes` and the name. */
export declare function findPackage(spec: string): Tool

/*
 * The functions of node:child_process, restricted to this Node (`process.execPath`), `npx`, `sh` and the paths of tools. Tests do
 * not use node:child_process directly, which a test in this folder enforces.
 */
export declare const spawn: typeof child.spawn
export declare const spawnSync: typeof child.spawnSync
export declare const execFile: typeof child.execFile
export declare const execFileSync: typeof child.execFileSync
