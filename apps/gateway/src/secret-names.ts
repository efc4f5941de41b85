/** Names of query parameters that often have secrets. */
export const secretNames: readonly string[] = [
  'access_token',
  'code',
  'key',
  'password',
  'secret',
  'sig',
  'signature',
  'token',
]
