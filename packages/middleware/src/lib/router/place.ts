/** Where in the program something was registered; used in messages. */
export class Place {
  readonly #trace: { stack?: string } = {}

  /** @param above the function that the program has called. */
  constructor(above: (...args: any[]) => unknown) {
    // Formatted only when somebody reads it, so that it costs little.
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

/** A name followed by its place. */
export function placed(name: string, place: Place): string {
  const { text } = place
  return text === '' ? name : `${name} (${text})`
}
