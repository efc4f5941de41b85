// Serves until a signal ends the process.
import nodeCluster from 'node:cluster'
import type { Style } from '@spillway/command-line'
import { type Server, closeOnSignals, serve } from '@spillway/core'
import { logFailures } from '@spillway/middleware/logger'
import { ownAddresses } from './addresses.ts'
import { application } from './application.ts'
import { banner, placesOf } from './banner.ts'
import { type Certificate, certificateFor } from './certificate.ts'
import { tell } from './failure.ts'
import { Keys, hasTerminal } from './keys.ts'
import { openInBrowser } from './open.ts'
import type { Settings } from './options.ts'
import { freePort } from './port.ts'
import { type Totals, addTotals, countTotals, noTotals, summary } from './summary.ts'

/** Milliseconds that requests under way have to finish after Ctrl-C. */
const deadline = 10_000

/** Where the banner, the log and the summary are printed: on standard output, unless the log is JSON for machines. */
export interface Terminal {
  readonly style: Style
  readonly color: boolean
  /** Whether standard output is a terminal; a QR code is drawn only there. */
  readonly interactive: boolean
  print(text: string): void
}

/** Serves until a signal ends the process. @throws the system's error when it cannot listen. */
export async function run(settings: Settings, terminal: Terminal): Promise<void> {
  if (settings.cluster > 0) return runCluster(settings, terminal)
  const started = performance.now()
  const totals = countTotals()
  const certificate = settings.https ? await certificateFor(settings) : undefined
  const port = settings.port ?? (await freePort(settings.host))
  const { server, close } = await listen(settings, terminal, port, certificate)
  await announce(settings, terminal, server.port, certificate)
  closeOnSignals(server, {
    deadline,
    onClosing: close,
    onClosed: () => sumUp(settings, terminal, totals, started),
  })
}

async function listen(
  settings: Settings,
  { color }: Terminal,
  port: number,
  certificate: Certificate | undefined,
): Promise<{ server: Server; close: () => void }> {
  const { handler, close } = await application(settings, color)
  const tls = certificate ? { tls: { cert: certificate.cert, key: certificate.key }, http2: true } : {}
  const server = await serve(handler, { port, host: settings.host ?? everywhere(), onError: tell, ...tls })
  if (settings.log !== 'none') logFailures(server, { format: settings.log, color })
  return { server, close }
}

/** The address for all interfaces. `::` accepts IPv4, too. */
function everywhere(): string {
  return ownAddresses().some(({ family }) => family === 'IPv6') ? '::' : '0.0.0.0'
}

async function announce(
  settings: Settings,
  terminal: Terminal,
  port: number,
  certificate: Certificate | undefined,
): Promise<void> {
  const places = placesOf(settings.https ? 'https' : 'http', settings.host, port)
  if (settings.open) openInBrowser(`${places.local}${settings.base}/`)
  if (settings.log === 'json') return
  const keyboard = terminal.interactive && process.stdin.isTTY && hasTerminal() ? process.stdin : undefined
  const say = async (): Promise<void> =>
    terminal.print(
      await banner(settings, places, certificate?.from, terminal.style, {
        qr: terminal.interactive,
        keys: keyboard !== undefined,
      }),
    )
  await say()
  if (!keyboard) return
  const keys = new Keys(
    keyboard,
    [
      ['o', 'opens the browser', () => openInBrowser(`${places.local}${settings.base}/`)],
      ['u', 'prints the addresses again', () => void say()],
      ['c', 'clears the screen', () => terminal.print('\x1b[2J\x1b[3J\x1b[H')],
      ['q', 'ends it, as Ctrl-C does', () => process.kill(process.pid, 'SIGINT')],
    ],
    (text) => terminal.print(text),
    terminal.style,
  )
  // After Ctrl-Z, `fg` gives the terminal back, and `bg` does not.
  process.on('SIGCONT', () => {
    if (hasTerminal()) keys.listen()
  })
}

/** @param started by `performance.now`. */
function sumUp({ log }: Settings, terminal: Terminal, totals: Totals, started: number): void {
  if (log !== 'json') terminal.print(summary(totals, performance.now() - started, terminal.style))
}

/** Serves on every core: this process supervises the workers, which serve. */
async function runCluster(settings: Settings, terminal: Terminal): Promise<void> {
  const { cluster } = await import('@spillway/core/cluster')
  const started = performance.now()
  const port = settings.port === undefined || settings.port === 0 ? await placeForAll(settings) : settings.port
  const certificate = settings.https ? await certificateForAll(settings) : undefined
  const sum = noTotals()
  nodeCluster.on('message', (_, { totals }: { totals?: Totals }) => totals && addTotals(sum, totals))
  const running = await cluster(
    async () => {
      const totals = countTotals()
      const { server, close } = await listen(settings, terminal, port, certificate)
      return {
        async close(options) {
          close()
          await server.close(options)
          await new Promise<void>((resolve) => process.send!({ totals }, undefined, undefined, () => resolve()))
        },
      }
    },
    { workers: settings.cluster, deadline, signals: [] },
  )
  await announce(settings, terminal, port, certificate)
  closeOnSignals(running, {
    deadline,
    onClosed: () => sumUp(settings, terminal, sum, started),
  })
}

/** All workers must listen on one port: the primary process finds it, and passes it on in the environment. */
async function placeForAll({ host, port }: Settings): Promise<number> {
  const told = Number(process.env['SPILLWAY_PORT'])
  if (told > 0) return told
  const found = await freePort(host, port)
  process.env['SPILLWAY_PORT'] = String(found)
  return found
}

/** All workers must have one certificate, too. */
async function certificateForAll(settings: Settings): Promise<Certificate> {
  const told = process.env['SPILLWAY_CERTIFICATE']
  if (told !== undefined) return JSON.parse(told) as Certificate
  const found = await certificateFor(settings)
  process.env['SPILLWAY_CERTIFICATE'] = JSON.stringify(found)
  return found
}
