import { describe, expect, test } from 'vitest'

export function reader(name, read, given, sorts, where = '') {
  return { name, read, given, sorts, where }
}

export function testReaders(readers) {
  describe.each(readers)('$name', ({ read, given, sorts, where }) => {
    const names = Object.keys(sorts)
    const needed = names.filter((name) => sorts[name] === 'needed')
    const kinds = names.filter((name) => sorts[name] !== 'any')
    const numbers = names.filter((name) => sorts[name] === 'number' || sorts[name] === 'span')
    const attempt = (name, value) => () => read({ ...given, [name]: value })

    test('has a default for what is undefined, and needs what has none', () => {
      expect(() => read(given)).not.toThrow()
      for (const name of needed) expect(attempt(name, undefined)).toThrow(TypeError)
      for (const name of names.filter((one) => !needed.includes(one))) expect(attempt(name, undefined)).not.toThrow()
    })

    test('refuses a name that there is not, and tells the nearest one', () => {
      for (const name of names) {
        expect(attempt(`${name}_`, undefined)).toThrow(TypeError)
        expect(attempt(`${name}_`, undefined)).toThrow(
          `There is no option \`${where}${name}_\`: did you mean \`${where}${name}\`?`,
        )
      }
      expect(() => read('text')).toThrow(TypeError)
    })

    test('refuses another kind of value', () => {
      for (const name of kinds) {
        expect(attempt(name, null)).toThrow(TypeError)
        expect(attempt(name, Symbol('other'))).toThrow(TypeError)
      }
    })

    test('refuses numbers that are no limit, by the name of the option', () => {
      for (const name of numbers) {
        for (const value of [NaN, -1, -Infinity]) {
          expect(attempt(name, value)).toThrow(RangeError)
          expect(attempt(name, value)).toThrow(`\`${where}${name}\``)
        }
      }
      for (const name of numbers.filter((one) => sorts[one] === 'number')) expect(attempt(name, '1')).toThrow(TypeError)
    })
  })
}
