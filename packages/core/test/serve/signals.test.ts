import { type Mock, describe, expect, it, onTestFinished, vi } from 'vitest'
import { type CloseOptions, closeOnSignals } from '../../src/index.ts'
import { deferred, turn } from '../support.ts'

/** Something to close, and a process that does not end. */
function closing(): {
  close: Mock<(options: CloseOptions) => Promise<void>>
  exit: unknown
  end: () => void
  at: (ms: number) => void
} {
  const { promise, resolve } = deferred()
  const close = vi.fn<(options: CloseOptions) => Promise<void>>(() => promise)
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never)
  const now = vi.spyOn(performance, 'now').mockReturnValue(0)
  const before = new Set(process.listeners('SIGUSR2'))
  onTestFinished(() => {
    for (const listener of process.listeners('SIGUSR2')) if (!before.has(listener)) process.off('SIGUSR2', listener)
    vi.restoreAllMocks()
  })
  return { close, exit, end: resolve, at: (ms) => void now.mockReturnValue(ms) }
}

describe('closeOnSignals', () => {
  it('closes with its options, tells, and exits with 0', async () => {
    const { close, exit, end } = closing()
    const told: unknown[] = []
    closeOnSignals(
      { close },
      {
        signals: ['SIGUSR2'],
        deadline: 7,
        onClosing: (signal) => told.push(signal),
        onClosed: () => void told.push('closed'),
      },
    )
    process.emit('SIGUSR2')
    expect(close).toHaveBeenCalledWith(expect.objectContaining({ deadline: 7 }))
    expect(told).toEqual(['SIGUSR2'])
    end()
    await turn()
    expect(told).toEqual(['SIGUSR2', 'closed'])
    expect(exit).toHaveBeenCalledExactlyOnceWith(0)
  })

  it('goes on when `onClosing` fails', async () => {
    const { close, exit, end } = closing()
    const print = vi.spyOn(console, 'error').mockReturnValue()
    closeOnSignals(
      { close },
      {
        signals: ['SIGUSR2'],
        onClosing: () => {
          throw new Error('x')
        },
      },
    )
    process.emit('SIGUSR2')
    end()
    await turn()
    expect(exit).toHaveBeenCalledExactlyOnceWith(0)
    expect(print).toHaveBeenCalledOnce()
  })

  it('a second signal exits with 1, unless it is the same press that came by two ways', () => {
    const { close, exit, at } = closing()
    closeOnSignals({ close }, { signals: ['SIGUSR2'] })
    process.emit('SIGUSR2')
    at(499)
    process.emit('SIGUSR2')
    expect(exit).not.toHaveBeenCalled()
    at(500)
    process.emit('SIGUSR2')
    expect(exit).toHaveBeenCalledExactlyOnceWith(1)
    expect(close).toHaveBeenCalledOnce()
  })
})
