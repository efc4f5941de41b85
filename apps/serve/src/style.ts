// Colours for terminals.
import { styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]
/** Colours a text, or leaves it as it is. */
export type Style = (format: Format, text: string) => string

/** Colour is for terminals, unless `NO_COLOR` is set or the terminal is a dumb one. */
export function styleFor(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Style {
  const coloured = stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
  return coloured ? (format, text) => styleText(format, text) : (_, text) => text
}
