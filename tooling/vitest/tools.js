import * as vitest from 'vitest'

export * from './programs.js'

export function withTools(...tools) {
  const missing = tools.filter(({ isMissing }) => isMissing).map(({ name }) => name)
  const register = vitest.describe.skipIf(missing.length > 0)
  const note = missing.length > 0 ? ` (skipped: no ${missing.join(', no ')})` : ''
  return (title, ...rest) => register(`${title}${note}`, ...rest)
}
