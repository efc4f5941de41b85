import {
  type Options,
  countsOf,
  explain,
  Failure,
  optionLines,
  readNumber,
  readOptions,
  styleFor,
} from '@spillway/command-line'
import { testOptions } from '@spillway/command-line/tests'
import { describe, expect, it, vi } from 'vitest'

const options = {
  port: { type: 'number', short: 'p', to: 65_535, value: 'number', help: 'where to listen' },
  rate: { type: 'number', from: 0.5, decimals: true, default: 2, help: 'requests a second' },
  'log-format': { type: 'string', choices: ['text', 'json'], help: 'how requests are logged' },
  header: { type: 'string', multiple: true, value: 'line', help: 'a field' },
  keep: { type: 'boolean', short: 'k', help: 'keeps what it made' },
} as const satisfies Options

describe('a program', () => {
  testOptions({ options, help: optionLines(options), read: (args) => readOptions(args, options) })
})

const read = (line: string): ReturnType<typeof readOptions<typeof options>> =>
  readOptions(line === '' ? [] : line.split(' '), options)

describe('readOptions', () => {
  it('gives what was said, in the kinds of the table, and defaults', () => {
    expect(read('-kp 80 a --header=x --header y --log-format json -- --b')).toEqual({
      values: { rate: 2, keep: true, port: 80, header: ['x', 'y'], 'log-format': 'json' },
      positionals: ['a', '--b'],
    })
    expect(read('')).toEqual({ values: { rate: 2 }, positionals: [] })
  })

  it.each([
    ['--prot 1', 'There is no --prot. Did you mean --port?'],
    ['--log json', 'There is no --log. Did you mean --log-format?'],
    ['--constructor', 'There is no --constructor. See --help.'],
    ['-x', 'There is no -x. See --help.'],
    ['--kepp=1', 'There is no --kepp. Did you mean --keep?'],
    ['--port', '--port needs a value: --port number'],
    ['--log-format', '--log-format needs a value: --log-format string'],
    ['--port -1', '--port takes a whole number from 0 to 65535, not "-1"'],
    ['-p -1', '--port takes a whole number from 0 to 65535, not "-1"'],
    ['--rate 0.4', '--rate takes a number from 0.5 on, not "0.4"'],
    ['--log-format jsno', '--log-format takes text, json, not "jsno". Did you mean json?'],
    ['--keep=no', '--keep takes no value'],
  ])('%s', (line, message) => {
    expect(() => read(line)).toThrow(message)
  })

  it('says what options of other programs are called here', () => {
    expect(() => readOptions(['--listen', '1'], options, new Map([['listen', 'It is --port']]))).toThrow(
      'There is no --listen. It is --port',
    )
  })
})

it('a number is in decimal digits', () => {
  expect(readNumber('PORT', '8080', options.port)).toBe(8080)
  expect(() => readNumber('PORT', '1e3', options.port)).toThrow('PORT takes a whole number from 0 to 65535, not "1e3"')
  expect(() => readNumber('N', '9007199254740993')).toThrow('N takes a whole number from 0 on')
})

it.each([
  [Object.assign(new Error('m'), { code: 'EADDRINUSE', port: 80, address: '::' }), 'Port 80 is in use'],
  [Object.assign(new Error('m'), { code: 'EADDRINUSE', address: '/run/a.sock' }), '/run/a.sock is in use'],
  [
    Object.assign(new Error('m'), { code: 'EACCES', syscall: 'listen', port: 80 }),
    'There is no permission to listen on port 80: those below 1024 are for root',
  ],
  [Object.assign(new Error('m'), { code: 'ENOENT', path: 'a.json' }), 'There is no a.json'],
  [Object.assign(new Error('m'), { code: 'EACCES', path: 'a.json' }), 'There is no permission for a.json'],
  [Object.assign(new Error('m'), { code: 'EISDIR', path: 'a' }), 'a is a folder, and not a file'],
  [Object.assign(new Error('m'), { code: 'EISDIR' }), 'What is named is a folder, and not a file'],
  [Object.assign(new Error('m'), { code: 'EMFILE' }), 'm'],
  [new Failure('It is so'), 'It is so'],
])('%s is told in one line', (error, line) => {
  expect(explain(error)).toBe(line)
})

it('a mistake of the program is told with its stack', () => {
  expect(explain(new TypeError('x is undefined'))).toMatch(/^TypeError: x is undefined\n +at /)
})

it.each([
  [{ isTTY: true }, {}, true],
  [{ isTTY: true }, { NO_COLOR: '1' }, false],
  [{ isTTY: true }, { TERM: 'dumb' }, false],
  [{ isTTY: false }, {}, false],
  [{}, {}, false],
])('a stream %j with %j has colours: %s', (stream, env, coloured) => {
  expect(styleFor(stream, env)('red', 'x') !== 'x').toBe(coloured)
})

it('long help goes on in the next line, in its column', () => {
  const long = { type: 'string', value: 'value', help: 'word '.repeat(30).trim() } as const
  const [first, second] = optionLines({ long }).split('\n')
  expect(first!.length).toBeLessThanOrEqual(100)
  expect(second!.indexOf('word')).toBe(first!.indexOf('word'))
})

const counts = (...args: string[]): unknown => countsOf('drain', { rounds: 20, clients: 4 }, args)

describe('countsOf', () => {
  it('gives numbers, and defaults', () => {
    expect(counts()).toEqual({ rounds: 20, clients: 4 })
    expect(counts('1')).toEqual({ rounds: 1, clients: 4 })
    expect(counts('1', '2')).toEqual({ rounds: 1, clients: 2 })
  })

  it.each([
    [['x'], 'drain: rounds takes a whole number from 1 on, not "x"'],
    [['1', '0'], 'drain: clients takes a whole number from 1 on, not "0"'],
    [['1', '2', '3'], 'drain: There is nothing to do with 3. See --help.'],
    [['--hepl'], 'drain: There is no --hepl. Did you mean --help?'],
    [['--version'], 'drain: There is no --version of a script. See --help.'],
  ])('ends the process at %j', (args, line) => {
    const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
    const error = vi.spyOn(console, 'error').mockReturnValue()
    counts(...args)
    expect([exit.mock.calls, error.mock.calls]).toEqual([[[2]], [[line]]])
    vi.restoreAllMocks()
  })
})
