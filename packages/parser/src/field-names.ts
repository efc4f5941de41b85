import { trimmed } from './bytes.ts'

/** The field lines of a snapshot with their names as sent, in wire order, for showing or forwarding them. RFC 9110 §5.1. */
export function fieldsAsSent({ text }: { readonly text: string }): [name: string, value: string][] {
  // a head has been validated, and ends in an empty line
  const lines = text.split('\r\n').slice(1, -2)
  return lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), trimmed(line, colon + 1, line.length)]
  })
}
