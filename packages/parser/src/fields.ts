/** The members of a comma-separated list, empty ones left out. RFC 9110 §5.6.1. Commas inside quoted strings do not separate. */
export function tokenList(value: string): string[] {
  const members: string[] = []
  let from = 0
  let quoted = false
  for (let i = 0; i <= value.length; i++) {
    const c = i === value.length ? 0x2c : value.charCodeAt(i)
    if (quoted && i < value.length) {
      if (c === 0x5c) i++
      else if (c === 0x22) quoted = false
    } else if (c === 0x22) quoted = true
    else if (c === 0x2c) {
      const member = trimBlank(value, from, i)
      if (member !== '') members.push(member)
      from = i + 1
    }
  }
  return members
}

/** Whether the list `value` has the member `token`, in any case: `hasToken('Keep-Alive, Close', 'close')`. RFC 9110 §5.6.1. */
export function hasToken(value: string, token: string): boolean {
  const wanted = token.toLowerCase()
  return tokenList(value).some((member) => member.toLowerCase() === wanted)
}

/** The number that Content-Length gives, or null when it is not digits only or above 2^53 - 1. RFC 9110 §8.6. */
export function parseContentLength(value: string): number | null {
  if (value === '' || value.length > 20) return null
  let number = 0
  for (let i = 0; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return null
    number = number * 10 + digit
  }
  return number <= Number.MAX_SAFE_INTEGER ? number : null
}

/** `value` from `from` to `to` without SP and HTAB around it. `String.prototype.trim` takes more than HTTP allows. */
function trimBlank(value: string, from: number, to: number): string {
  let start = from
  let end = to
  while (start < end && isBlank(value.charCodeAt(start))) start++
  while (end > start && isBlank(value.charCodeAt(end - 1))) end--
  return value.slice(start, end)
}

function isBlank(c: number): boolean {
  return c === 0x20 || c === 0x09
}
