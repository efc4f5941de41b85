/** Where in the program something was registered, for messages. */
export class Place {
  readonly #trace: { stack?: string } = {}

  /** @param above the function that the program has called. */
  constructor(above: (...args: any[]) => unknown) {
    // Written out only when somebody reads it, so that it costs little to have it.
    Error.captureStackTrace?.(this.#trace, above)
  }

  /** File, line and column; empty when they are not known. */
  get text(): string {
    const line = this.#trace.stack?.split('\n').find((one) => one.startsWith('    at ')) ?? ''
    const start = line.lastIndexOf('(')
    return line
      .slice(start < 0 ? '    at '.length : start + 1)
      .replace(/\)$/, '')
      .replace(/^async /, '')
      .replace(/^file:\/\//, '')
  }
}

/** A name with its place. */
export function placed(name: string, place: Place): string {
  const { text } = place
  return text === '' ? name : `${name} (${text})`
}
