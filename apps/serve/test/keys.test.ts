import { EventEmitter } from 'node:events'
import { execFileSync, findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { Keys, type Keyboard } from '../src/keys.ts'
import { buildProgram, folderWith } from './program.ts'

const python = findTool('python3')

class Board extends EventEmitter implements Keyboard {
  isRaw = false
  readonly resume: () => void = vi.fn<() => void>()
  readonly pause: () => void = vi.fn<() => void>()
  readonly unref: () => void = vi.fn<() => void>()

  setRawMode(raw: boolean): void {
    this.isRaw = raw
  }

  type(keys: string): void {
    this.emit('data', Buffer.from(keys))
  }
}

describe('keys', () => {
  test('do what they are for, one after the other, and others nothing', () => {
    const board = new Board()
    const done: string[] = []
    const print = vi.fn<(text: string) => void>()
    const signal = vi.fn<(name: NodeJS.Signals) => void>()
    const keys = new Keys(
      board,
      [
        ['o', 'opens', () => done.push('o')],
        ['q', 'ends', () => done.push('q')],
      ],
      print,
      (_, text) => text,
      signal,
    )
    expect(board.isRaw).toBe(true)
    board.type('oxO')
    board.type('oq\r\n\x1b[A')
    expect(done).toEqual(['o', 'o', 'q'])
    board.type('h?')
    expect(print.mock.calls).toEqual([['\n  o  opens\n  q  ends\n\n'], ['\n  o  opens\n  q  ends\n\n']])
    board.type('\x03')
    expect(signal).toHaveBeenLastCalledWith('SIGINT')
    board.type('\x1a')
    expect(signal).toHaveBeenLastCalledWith('SIGTSTP')
    // Whoever has the terminal now finds it as it was.
    expect(board.isRaw).toBe(false)
    keys.listen()
    expect(board.isRaw).toBe(true)
  })
})

/** Runs a command in a terminal of its own; what is written to it is typed there. */
const terminal = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
import select
while True:
    ready, _, _ = select.select([fd, 0], [], [])
    try:
        if fd in ready:
            data = os.read(fd, 65536)
            if not data: break
            os.write(1, data)
    except OSError:
        break
    if 0 in ready:
        typed = os.read(0, 1024)
        if not typed: break
        os.write(fd, typed)
_, status = os.waitpid(pid, 0)
sys.exit(os.waitstatus_to_exitcode(status))
`

function inTerminal(command: readonly string[]): {
  readonly out: () => string
  readonly type: (keys: string) => void
  readonly end: Promise<number | null>
} {
  const child = spawn(python.path, ['-c', terminal, ...command], {
    stdio: 'pipe',
    env: { ...process.env, NO_COLOR: '1', TERM: 'xterm' },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let out = ''
  child.stdout.on('data', (piece) => (out += String(piece)))
  child.stderr.on('data', (piece) => (out += String(piece)))
  const end = new Promise<number | null>((resolve) => child.on('close', resolve))
  return { out: () => out, type: (keys) => void child.stdin.write(keys), end }
}

const hasPs = (() => {
  try {
    execFileSync('ps', ['-o', 'stat='])
    return true
  } catch {
    return false
  }
})()

withTools(python)('in a terminal', { timeout: 60_000 }, () => {
  let program: Awaited<ReturnType<typeof buildProgram>>
  beforeAll(async () => {
    program = await buildProgram()
  }, 60_000)
  afterAll(() => program.remove())

  test.skipIf(!hasPs)('keys are read, and q ends it in order', async () => {
    const { out, type, end } = inTerminal([process.execPath, program.file, folderWith({ 'index.html': 'x' })])
    await vi.waitFor(() => expect(out()).toContain('h lists the other keys'), 20_000)
    type('h')
    await vi.waitFor(() => expect(out()).toContain('o  opens the browser'))
    const [, url] = /here +(\S+)/.exec(out())!
    expect((await fetch(url!)).status).toBe(200)
    type('q')
    expect(await end).toBe(0)
    expect(out()).toContain('1 request')
  })

  test('nobody reads the keys of a process that a shell has put into the background', async () => {
    const command = `${process.execPath} ${program.file} ${folderWith({ 'index.html': 'x' })} & read -r line; kill -INT $!; wait $!; echo "ended $?"`
    const { out, type, end } = inTerminal(['sh', '-mc', command])
    await vi.waitFor(() => expect(out()).toContain('Ctrl-C ends it'), 20_000)
    expect(out()).not.toContain('h lists')
    const [, url] = /here +(\S+)/.exec(out())!
    expect((await fetch(url!)).status).toBe(200)
    type('\n')
    await end
    expect(out()).toContain('ended 0')
  })
})
