import { UsageError } from '@spillway/command-line'
import { describe, expect, it } from 'vitest'
import { readArguments, readConfig } from '../src/arguments.ts'
import { type Settings, settingsOf } from '../src/options.ts'

function settings(...args: string[]): Settings {
  const { folder, given } = readArguments(args)
  return settingsOf(folder ?? '.', given, 4)
}

describe('the command line', () => {
  it('is a folder and options', () => {
    const all = 'dist -p 8080 --host ::1 --https --cors --spa -l --live --auth a:b:c --cluster --log json'.split(' ')
    expect(
      settings(
        ...all,
        '-H',
        'X-A: 1',
        '--header=X-B:  2 ',
        '--proxy',
        '/api=http://localhost:4000',
        '--proxy=/old/=https://localhost/v1',
      ),
    ).toEqual({
      folder: 'dist',
      port: 8080,
      host: '::1',
      https: true,
      cert: undefined,
      key: undefined,
      cors: true,
      spa: true,
      listing: true,
      live: true,
      auth: { name: 'a', password: 'b:c' },
      headers: [
        ['X-A', '1'],
        ['X-B', '2'],
      ],
      proxies: [
        { prefix: '/api', url: 'http://localhost:4000/api' },
        { prefix: '/old', url: 'https://localhost/v1' },
      ],
      rewrites: [],
      base: '',
      open: false,
      cluster: 4,
      log: 'json',
    })
  })

  it('has a default for everything', () => {
    const { folder, port, host, https, cluster, log, headers, auth } = settings()
    expect([folder, port, host, https, cluster, log]).toEqual(['.', undefined, undefined, false, 0, 'text'])
    expect([headers, auth]).toEqual([[], undefined])
  })

  it('a certificate of one’s own means HTTPS', () => {
    expect(settings('--cert', 'c', '--key', 'k')).toMatchObject({ https: true, cert: 'c', key: 'k' })
  })

  it.each([
    ['--prot 80', 'There is no --prot. Did you mean --port?'],
    ['--lstng', 'There is no --lstng. Did you mean --listing?'],
    ['--clster', 'There is no --clster. Did you mean --cluster?'],
    ['--zzzzzz', 'There is no --zzzzzz. See --help.'],
    ['-x', 'There is no -x. See --help.'],
    ['--single dist', 'There is no --single. It is called --spa'],
    ['--ssl-cert a.pem', 'There is no --ssl-cert. It is --cert'],
    ['-n dist', 'There is no -n. Nothing is copied to the clipboard'],
    ['--constructor', 'There is no --constructor. See --help.'],
    ['-l 5000 dist', '--listing takes no value; the port is --port 5000'],
    ['--port', '--port needs a value: --port number'],
    ['--spa=yes', '--spa takes no value'],
    ['a b', 'One folder is served at a time: a or b?'],
    ['--port 65536', '--port takes a whole number from 0 to 65535, not "65536"'],
    ['--port 8x', '--port takes a whole number from 0 to 65535, not "8x"'],
    ['--auth alice', '--auth takes a name and a password with a colon between them: --auth alice:secret'],
    ['--auth alice:', '--auth takes a name and a password with a colon between them: --auth alice:secret'],
    ['--log xml', '--log takes text, json, none, not "xml"'],
    ['--cert c', '--cert and --key go together: neither is of use without the other'],
  ])('%s', (line, message) => {
    expect(() => settings(...line.split(' '))).toThrow(new UsageError(message))
  })

  it.each(['nonsense', ': x', 'a b: x', 'X: a\nb'])('a header %j is refused', (line) => {
    expect(() => settings('--header', line)).toThrow(/^--header takes a name and a value/)
  })

  it.each(['/api', '/=http://a', 'api=http://a', '/api=ftp://a', '/api=http://', '/a b=http://a'])(
    '--proxy %s is refused',
    (text) => {
      expect(() => settings('--proxy', text)).toThrow(/^--proxy takes a path and a URL/)
    },
  )

  it.each(['/app', '=/x', '/a=b', '/a*=/b', '/a b=/c', '/a/**/b=/c'])('--rewrite %s is refused', (text) => {
    expect(() => settings('--rewrite', text)).toThrow(/^--rewrite takes a path and a file/)
  })

  it('--rewrite names a path, or all below one', () => {
    expect(settings('--rewrite', '/a/b=/c.html', '--rewrite', '/**=/').rewrites).toEqual([
      { path: '/a/b', below: false, to: '/c.html' },
      { path: '', below: true, to: '/' },
    ])
  })

  it.each([
    ['/docs', '/docs'],
    ['/docs/', '/docs'],
    ['/', ''],
  ])('--base %s', (text, base) => {
    expect(settings('--base', text).base).toBe(base)
  })

  it.each(['docs', '/a b', '/a//b', '/a/../b?'])('--base %s is refused', (text) => {
    expect(() => settings('--base', text)).toThrow(/^--base takes a path/)
  })

  it('-s is what it is in other programs of this kind', () => {
    expect(settings('-s', 'build')).toMatchObject({ spa: true, https: false, folder: 'build' })
  })

  it.each([0, 65_535])('port %i is taken', (port) => {
    expect(settings('--port', String(port)).port).toBe(port)
  })
})

function read(value: unknown): ReturnType<typeof readConfig> {
  return readConfig('f.json', JSON.stringify(value))
}

describe('the configuration file', () => {
  it('has the names of the command line', () => {
    const { folder, given } = read({ folder: 'dist', port: 8080, spa: true, header: ['X-A: 1'], auth: 'a:b' })
    expect(settingsOf(folder!, given, 1)).toMatchObject({
      folder: 'dist',
      port: 8080,
      spa: true,
      headers: [['X-A', '1']],
    })
  })

  it.each([
    [[], 'f.json must be an object of options, such as { "spa": true }'],
    [{ spaa: true }, 'f.json: there is no option "spaa"; did you mean "spa"?'],
    [{ help: true }, 'f.json: there is no option "help"'],
    [{ spa: 'yes' }, 'f.json: spa must be true or false'],
    [{ header: 'X: 1' }, 'f.json: header must be a list of strings'],
    [{ host: 1 }, 'f.json: host must be a string'],
    [{ folder: 1 }, 'f.json: folder must be a string'],
  ])('%j', (value, message) => {
    expect(() => read(value)).toThrow(message)
  })

  it('that is no JSON says so', () => {
    expect(() => readConfig('f.json', '{')).toThrow(/^f\.json is not JSON: /)
  })
})
