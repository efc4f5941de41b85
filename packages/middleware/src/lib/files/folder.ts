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
    let isDirectory
    try {
      isDirectory = statSync(realpathSync(this.path)).isDirectory()
    } catch (error) {
      throw isMissing(error) ? missing(error, this.path, path) : error
    }
    if (!isDirectory) throw new Error(`Not a directory: ${this.path}`)
  }

  /** Its path without links; undefined while there is no such directory. */
  real(): Promise<string | undefined> {
    return tried(realpath(this.path))
  }
}

function isMissing(error: unknown): error is NodeJS.ErrnoException {
  return (error as NodeJS.ErrnoException).code === 'ENOENT'
}

/** Programs are started from other places than where they were written: then a relative name is that of another folder. */
function missing(error: NodeJS.ErrnoException, path: string, given: string | URL): Error {
  const from = given === path || typeof given !== 'string' ? '' : `: "${given}" is looked for in ${process.cwd()}`
  error.message = `There is no directory ${path}${from} (ENOENT)`
  Error.captureStackTrace(error, Folder)
  return error
}
