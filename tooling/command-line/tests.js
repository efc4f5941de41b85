import { expect, it } from 'vitest'
import { withHelp } from './help.js'
import { UsageError } from './index.js'

export function testOptions({ options, help, read, needs = [] }) {
  const all = Object.entries(withHelp(options))
  const flags = all.filter(([, { type }]) => type === 'boolean')
  const others = all.filter(([, { type }]) => type !== 'boolean')
  const numbers = all.filter(([, { type }]) => type === 'number')
  const choices = all.filter((entry) => entry[1].choices)
  const run = (...args) => read([...needs, ...args])

  /** The error message for arguments that must be rejected. */
  function refusal(...args) {
    try {
      run(...args)
    } catch (error) {
      if (error instanceof UsageError) return error.message
      throw error
    }
    return undefined
  }

  it.each(all)('--%s is in the help', (name, { short }) => {
    expect(help).toMatch(new RegExp(`^ +${short ? `-${short}, ` : ''}--${name}\\b.*\\S`, 'm'))
  })

  it.each(all)('--%s is meant by a mistyped name', (name) => {
    const mistyped = `--${name}${name.at(-1)}`
    expect(refusal(mistyped)).toBe(`There is no ${mistyped}. Did you mean --${name}?`)
  })

  it.each(flags)('--%s takes no value', (name) => {
    expect(refusal(`--${name}=yes`)).toBe(`--${name} takes no value`)
  })

  it.each(others)('--%s needs a value', (name, { short }) => {
    for (const args of [[`--${name}`], [`--${name}`, '--help'], ...(short ? [[`-${short}`]] : [])])
      expect(refusal(...args)).toMatch(`--${name} needs a value: --${name} `)
  })

  it.each(choices)('--%s takes its choices only', (name, option) => {
    for (const choice of option.choices) expect(() => run(`--${name}=${choice}`)).not.toThrow()
    for (const text of [`${option.choices[0]}x`, '', 'constructor'])
      expect(refusal(`--${name}=${text}`)).toMatch(`--${name} takes ${option.choices.join(', ')}, not "${text}"`)
  })

  it.each(numbers)('--%s takes numbers in its range only', (name, { from = 0, to, decimals }) => {
    const step = decimals ? 0.000_001 : 1
    const most = to === undefined ? [] : [to]
    for (const good of [from, from + step, ...most]) expect(() => run(`--${name}=${good}`)).not.toThrow()
    const wrong = ['', 'NaN', 'Infinity', 'ten', '1e3', '0x10', ' 1', '1.', ...(decimals ? [] : ['1.5'])]
    for (const text of [...wrong, from - step, ...most.map((one) => one + step)])
      expect(refusal(`--${name}=${text}`)).toMatch(`--${name} takes a ${decimals ? '' : 'whole '}number from ${from} `)
    expect(refusal(`--${name}`, '-1')).toMatch(`--${name} takes a`)
  })

  it('--help and --version have letters', () => {
    expect(read(['-h'])).toEqual(read(['--help']))
    expect(read(['-v'])).toEqual(read(['--version']))
  })

  it('the help fits into 100 columns', () => {
    expect(help.split('\n').filter((line) => line.length > 100)).toEqual([])
  })
}
