/** The options without those that are undefined, at all levels, so that they get their defaults. */
export function given(options: object): object {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      Object.getPrototypeOf(value) === Object.prototype ? given(value as object) : value,
    ]),
  )
}
