/** What is printed at the start. */
export function banner(url: string, colour: boolean): string {
  const paint = (code: string) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text)
  const bold = paint('1')
  const water = paint('36')
  const faint = paint('2')
  return [
    '',
    `  ${water('≋')} ${bold('Spillway wire lab')}  ${faint('a web server, watched at work')}`,
    '',
    `    ${faint('Open')}   ${bold(water(url))}`,
    `    ${faint('Try')}    curl -i ${url}/api/time`,
    `    ${faint('Stop')}   Ctrl-C`,
    '',
    '',
  ].join('\n')
}

/** Whether a stream can show colours and the user wants them (https://no-color.org). */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb'
}
