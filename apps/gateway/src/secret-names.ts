/** Under such names queries have secrets. */
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
