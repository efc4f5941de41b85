const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const longDays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const imf = /^(\w{3}), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/
const rfc850 = /^(\w{6,9}), (\d\d)-(\w{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/
const asctime = /^(\w{3}) (\w{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/

/**
 * An HTTP date as milliseconds since 1970, in any of its three forms, or null when it is none: RFC 9110 §5.6.7. The day of
 * the week must be a name of one, but not the right one. 23:59:60 is taken for the second after it.
 *
 * @param now what the two digits of an RFC 850 year are seen from: a date more than 50 years ahead is in the past
 */
export function parseDate(value: string, now: number = Date.now()): number | null {
  let m = imf.exec(value)
  if (m !== null) return days.includes(m[1]!) ? time(m[4]!, m[3]!, m[2]!, m[5]!, m[6]!, m[7]!) : null
  m = asctime.exec(value)
  if (m !== null) return days.includes(m[1]!) ? time(m[7]!, m[2]!, m[3]!, m[4]!, m[5]!, m[6]!) : null
  m = rfc850.exec(value)
  if (m === null || !longDays.includes(m[1]!)) return null
  const thisYear = new Date(now).getUTCFullYear()
  let year = thisYear - (thisYear % 100) + Number(m[4])
  if (year > thisYear + 50) year -= 100
  return time(String(year), m[3]!, m[2]!, m[5]!, m[6]!, m[7]!)
}

function time(
  year: string,
  monthName: string,
  day: string,
  hour: string,
  minute: string,
  second: string,
): number | null {
  const month = months.indexOf(monthName)
  if (month < 0 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null
  const date = new Date(0)
  // Date.UTC takes the years 0 to 99 for 1900 to 1999
  date.setUTCFullYear(Number(year), month, Number(day))
  if (date.getUTCDate() !== Number(day) || date.getUTCMonth() !== month) return null
  return date.setUTCHours(Number(hour), Number(minute), Number(second))
}

/**
 * `Sun, 06 Nov 1994 08:49:37 GMT`, the only form to send. RFC 9110 §5.6.7.
 *
 * @param ms milliseconds since 1970, cut to the second
 * @throws {RangeError} for a year that has not four digits
 */
export function formatDate(ms: number): string {
  const date = new Date(ms)
  const year = date.getUTCFullYear()
  if (!(year >= 0 && year <= 9999)) throw new RangeError('An HTTP date has a year of four digits')
  const day = `${days[date.getUTCDay()]}, ${two(date.getUTCDate())} ${months[date.getUTCMonth()]}`
  const clock = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`
  return `${day} ${String(year).padStart(4, '0')} ${clock} GMT`
}

function two(n: number): string {
  return n < 10 ? `0${n}` : `${n}`
}
