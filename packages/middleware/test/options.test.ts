import { describe, expect, test } from 'vitest'
import { basicAuth, bearerAuth } from '../src/auth.ts'
import { cors } from '../src/cors.ts'
import { csrf } from '../src/csrf.ts'
import { jwt } from '../src/jwt.ts'
import { logger } from '../src/logger.ts'
import { problems } from '../src/problem.ts'
import { requestId } from '../src/request-id.ts'
import { secureHeaders } from '../src/secure-headers.ts'
import { serverTiming } from '../src/server-timing.ts'
import { sessions } from '../src/sessions.ts'
import { timeout } from '../src/timeout.ts'

interface Case {
  readonly make: (options: any) => unknown
  /** What is needed. */
  readonly base?: Readonly<Record<string, unknown>>
  readonly names: readonly string[]
  readonly numbers?: readonly string[]
}

const verify = (): undefined => undefined
const key = new Uint8Array(32)

const cases: Readonly<Record<string, Case>> = {
  basicAuth: { make: basicAuth, base: { verify }, names: ['realm'] },
  bearerAuth: { make: bearerAuth, base: { verify }, names: ['realm'] },
  cors: {
    make: cors,
    base: { origins: '*' },
    names: ['methods', 'allowHeaders', 'exposeHeaders', 'credentials', 'maxAge'],
    numbers: ['maxAge'],
  },
  csrf: { make: csrf, names: ['origins'] },
  jwt: {
    make: jwt,
    base: { key, algorithms: ['HS256'] },
    names: [
      'claims',
      'realm',
      'requiredClaims',
      'issuer',
      'audience',
      'subject',
      'typ',
      'clockTolerance',
      'maxTokenAge',
      'currentDate',
      'crit',
    ],
    numbers: ['clockTolerance', 'maxTokenAge'],
  },
  logger: { make: logger, names: ['format', 'write', 'color', 'sink'] },
  problems: { make: problems, names: ['onError'] },
  requestId: { make: requestId, names: ['field', 'trusted'] },
  secureHeaders: { make: secureHeaders, names: ['csp', 'hsts', 'fields'] },
  serverTiming: { make: serverTiming, names: ['show'] },
  sessions: {
    make: sessions,
    names: ['secrets', 'store', 'idleSeconds', 'maxAge', 'name', 'cookie'],
    numbers: ['idleSeconds', 'maxAge'],
  },
  timeout: { make: (options) => timeout(1000, options), names: ['status', 'onError'] },
}

describe.each(Object.entries(cases))('%s', (_, { make, base = {}, names, numbers = [] }) => {
  test.each(names)('%s: undefined is its default, another kind a TypeError, a slip is told', (name) => {
    expect(make({ ...base, [name]: undefined })).toBeTypeOf('function')
    expect(() => make({ ...base, [name]: Symbol('another kind') })).toThrow(TypeError)
    expect(() => make({ ...base, [`${name}x`]: 1 })).toThrow(`is it \`${name}\`?`)
  })

  test.each(Object.keys(base))('%s is needed', (name) => {
    expect(() => make({ ...base, [name]: undefined })).toThrow(`\`${name}\` is needed`)
  })

  test('refuses a name that is like none', () => {
    expect(() => make({ ...base, zzzzzzzzzzzz: 1 })).toThrow(TypeError)
  })

  test.each(numbers)('%s is neither NaN nor below 0', (name) => {
    for (const number of [Number.NaN, -1]) {
      expect(() => make({ ...base, [name]: number })).toThrow(RangeError)
      expect(() => make({ ...base, [name]: number })).toThrow(`\`${name}\``)
    }
  })
})
