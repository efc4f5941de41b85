import { describe, expect, it } from 'vitest'
import { type Handler, HttpError } from '../../src/index.ts'
import { ask, protocols } from '../both-protocols.ts'
import { muteErrors } from '../support.ts'

const errors = muteErrors()

const throws =
  (error: unknown): Handler =>
  () => {
    throw error
  }

/** What is printed, as `console.error` would: errors with their stack. */
const printed = (): string[] =>
  errors.calls.map((call) => call.map((part) => (part instanceof Error ? part.stack : String(part))).join(' '))

describe.each(protocols)('an error of 500 and above without onError, over %s', (protocol) => {
  it.each([500, 503, 599])('that was made on purpose is one line: %d', async (status) => {
    const { status: answered } = await ask(protocol, throws(new HttpError(status, 'busy today')))
    expect(answered).toBe(status)
    expect(printed()).toEqual([`%s: GET / ${status} busy today`])
  })

  it('shows the cause that somebody has given', async () => {
    await ask(protocol, throws(new HttpError(502, 'upstream', { cause: new Error('refused') })))
    expect(printed()).toHaveLength(1)
    expect(printed()[0]).toMatch(/GET \/: 502 upstream Error: refused\n +at /)
  })

  it.each([new Error('bug'), Object.assign(new Error('bug'), { status: 503 })])(
    'that nobody has made to be an answer has its stack: %o',
    async (error) => {
      await ask(protocol, throws(error))
      expect(printed()[0]).toMatch(/Error: bug\n +at /)
    },
  )
})
