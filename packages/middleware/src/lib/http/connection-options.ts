/** The connection options of a Connection field, in lower case. Whatever is no name of a field can name none. */
export function connectionOptions(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '')
}
