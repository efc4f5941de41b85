const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const clock = '(\\d{2}):(\\d{2}):(\\d{2})'
const day = '(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)'
const imfFixdate = new RegExp(`^${day}, (\\d{2}) ([A-Z][a-z]{2}) (\\d{4}) ${clock} GMT$`)
const rfc850 = new RegExp(
  `^(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (\\d{2})-([A-Z][a-z]{2})-(\\d{2}) ${clock} GMT$`,
)
const asctime = new RegExp(`^${day} ([A-Z][a-z]{2}) ([ \\d]\\d) ${clock} (\\d{4})$`)

/**
 * Reads an HTTP-date in any of its three formats (RFC 9110 §5.6.7).
 * @returns seconds since 1970, or undefined when it is none; `Date.parse` would take much that is none.
 */
export function parseHttpDate(value: string): number | undefined {
  const imf = imfFixdate.exec(value)
  if (imf) return seconds(Number(imf[3]), imf[2]!, imf[1]!, imf.slice(4))
  const obsolete = rfc850.exec(value)
  if (obsolete) return seconds(fullYear(Number(obsolete[3])), obsolete[2]!, obsolete[1]!, obsolete.slice(4))
  const c = asctime.exec(value)
  return c ? seconds(Number(c[6]), c[1]!, c[2]!, c.slice(3, 6)) : undefined
}

/** Two digits mean the latest year that is not more than 50 years away (RFC 9110 §5.6.7). */
function fullYear(digits: number): number {
  const now = new Date().getUTCFullYear()
  const year = now - (now % 100) + digits
  return year > now + 50 ? year - 100 : year
}

function seconds(year: number, monthName: string, dayText: string, time: readonly string[]): number | undefined {
  const month = months.indexOf(monthName)
  const [hour = 0, minute = 0, second = 0] = time.map(Number)
  const date = new Date(Date.UTC(year, month, Number(dayText), hour, minute, second))
  // a day too many shows in the date; a leap second is not worth more than asking again
  const valid = month >= 0 && date.getUTCDate() === Number(dayText) && hour < 24 && minute < 60 && second < 60
  return valid ? date.getTime() / 1000 : undefined
}
