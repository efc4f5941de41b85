import { type FileHandle, open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A file to which lines are only appended. A line counts once it is on the disk (`fdatasync`). Lines that are added while the disk is busy
 * are written together, so that a hundred messages at once cost little more than one.
 */
export class Journal {
  readonly #file: FileHandle
  #waiting: { readonly lines: string[]; readonly kept: Promise<void> } | undefined
  #writing: Promise<void> = Promise.resolve()
  /** The last write may have ended within a line. */
  #isTorn = false

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** The stored lines. A line that is incomplete because the process ended was never acknowledged, and is left out. */
  static async read(folder: string): Promise<unknown[]> {
    const text = await readFile(pathIn(folder), 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return ''
      throw error
    })
    return text.split('\n').flatMap((line) => {
      try {
        return [JSON.parse(line) as unknown]
      } catch {
        return []
      }
    })
  }

  /** Writes a new file with what is still needed. The old one stays until the new one is complete. */
  static async begin(folder: string, records: Iterable<object>): Promise<Journal> {
    const file = await open(`${pathIn(folder)}.new`, 'w', 0o600)
    let text = ''
    for (const record of records) text += `${JSON.stringify(record)}\n`
    await file.writeFile(text)
    await file.sync()
    await rename(`${pathIn(folder)}.new`, pathIn(folder))
    return new Journal(file)
  }

  /** Resolves when the line is on the disk; rejects with the system's error when it could not be written. */
  add(record: object): Promise<void> {
    const line = JSON.stringify(record)
    if (this.#waiting) this.#waiting.lines.push(line)
    else {
      const lines = [line]
      const kept = this.#writing.then(() => this.#write(lines))
      this.#waiting = { lines, kept }
      this.#writing = kept.catch(() => {})
    }
    return this.#waiting.kept
  }

  async #write(lines: readonly string[]): Promise<void> {
    this.#waiting = undefined
    const text = `${this.#isTorn ? '\n' : ''}${lines.join('\n')}\n`
    this.#isTorn = true
    await this.#file.appendFile(text)
    await this.#file.datasync()
    this.#isTorn = false
  }

  /** Resolves after all lines added before. */
  async close(): Promise<void> {
    await this.#writing
    await this.#file.close()
  }
}

function pathIn(folder: string): string {
  return join(folder, 'chat.jsonl')
}
