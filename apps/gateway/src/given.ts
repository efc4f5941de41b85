/** Without what is undefined, so that it does not stand in the way of a default; deep, as the options are. */
export function given(options: object): object {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      Object.getPrototypeOf(value) === Object.prototype ? given(value as object) : value,
    ]),
  )
}
