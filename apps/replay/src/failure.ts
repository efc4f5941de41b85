/** A file that is not what it says, told in words for people. */
export class FormatError extends Error {
  override readonly name: string = 'FormatError'
}

/** A command line that asks for nothing that can be done. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}
