/** The connection options of a Connection field, in lower case. Members that are not valid names are left out, as they name no field. */
export function connectionOptions(value: string): string[] {
  return value
    .toLowerCase()
    .split(',')
    .map((option) => option.trim())
    .filter((option) => option !== '')
}
