import type { Target } from './target.ts'

/** Paths kept, and the longest of them. */
const most = 1024
const longest = 256

interface Known {
  readonly param: unknown
  readonly target: Target
}

/**
 * What paths were found to mean, by the path as sent: taking one apart costs as much as sending a small file does
 * otherwise. Only paths of files in memory get here, and when there are too many spellings of them it starts afresh.
 */
export class KnownTargets {
  readonly #known = new Map<string, Known>()

  /** @param param the parameter that says how much of the path counts. */
  get(path: string, param: unknown): Target | undefined {
    const known = this.#known.get(path)
    return known !== undefined && known.param === param ? known.target : undefined
  }

  set(path: string, param: unknown, target: Target): void {
    if (path.length > longest) return
    if (this.#known.size >= most) this.#known.clear()
    this.#known.set(copy(path), { param: typeof param === 'string' ? copy(param) : param, target })
  }
}

/** A string of its own: a part of a longer one keeps all of it in memory. */
function copy(text: string): string {
  return Buffer.from(text).toString()
}
