/** The methods of RFC 9110 and PATCH (RFC 5789): the only values of the label `method`, whatever else clients send. */
export const standardMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'CONNECT',
  'TRACE',
])
