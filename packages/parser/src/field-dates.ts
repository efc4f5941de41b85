// in the order of preference: IMF-fixdate, RFC 850, asctime
const forms = [
  /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat), (?<day>\d\d) (?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?<year>\d{4}) (?<h>[01]\d|2[0-3]):(?<m>[0-5]\d):(?<s>[0-5]\d|60) GMT$/,
  /^(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day, (?<day>\d\d)-(?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)-(?<year>\d\d) (?<h>[01]\d|2[0-3]):(?<m>[0-5]\d):(?<s>[0-5]\d|60) GMT$/,
  /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat) (?<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?<day>[ \d]\d) (?<h>[01]\d|2[0-3]):(?<m>[0-5]\d):(?<s>[0-5]\d|60) (?<year>\d{4})$/,
]

/**
 * An HTTP date as milliseconds since 1970, in any of its three forms, or null when it is not one: RFC 9110 §5.6.7. The day of
 * the week must be the name of a day, but not the right one. 23:59:60 is taken for the second after it.
 *
 * @param now determines the century of an RFC 850 year, which has two digits: a date more than 50 years ahead is in the past
 */
export function parseDate(value: string, now: number = Date.now()): number | null {
  for (const form of forms) {
    const { day, month, year, h, m, s } = form.exec(value)?.groups ?? {}
    if (year === undefined) continue
    const at = (fullYear: number): number | null => {
      const date = new Date(0)
      // Date.UTC takes the years 0 to 99 for 1900 to 1999
      date.setUTCFullYear(fullYear, 'Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec'.indexOf(month!) / 4, Number(day))
      return date.getUTCDate() === Number(day) ? date.setUTCHours(Number(h), Number(m), Number(s)) : null
    }
    if (year.length === 4) return at(Number(year))
    const limit = new Date(now)
    const thisYear = limit.getUTCFullYear()
    const fullYear = thisYear - (thisYear % 100) + Number(year)
    const date = at(fullYear)
    return date !== null && date > limit.setUTCFullYear(thisYear + 50) ? at(fullYear - 100) : date
  }
  return null
}

/**
 * `Sun, 06 Nov 1994 08:49:37 GMT`, the only form to send. RFC 9110 §5.6.7.
 *
 * @param ms milliseconds since 1970, cut to the second
 * @throws {RangeError} for a year that does not have four digits
 */
export function formatDate(ms: number): string {
  const text = new Date(ms).toUTCString()
  if (text.length !== 29) throw new RangeError('Invalid date')
  return text
}
