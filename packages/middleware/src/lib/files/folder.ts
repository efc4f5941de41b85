// A directory by its name, wherever that leads at the moment.
import { realpathSync, statSync } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tried } from './open-file.ts'

/**
 * A directory whose name may be a link, or have one in it, that is switched to another directory while the server runs: releases are
 * deployed like that. Relative names are those of the time when it was made.
 */
export class Folder {
  /** Its absolute name. */
  readonly path: string

  /** @throws Error when there is no such directory. */
  constructor(path: string | URL) {
    this.path = resolve(typeof path === 'string' ? path : fileURLToPath(path))
    if (!statSync(realpathSync(this.path)).isDirectory()) throw new Error(`Not a directory: ${this.path}`)
  }

  /** Its path without links; undefined while there is no such directory. */
  real(): Promise<string | undefined> {
    return tried(realpath(this.path))
  }
}
