import { extname } from 'node:path'
import { banner, wantsColour } from './lab/banner.ts'
import { type Lab, startLab } from './lab/lab.ts'

/** One press of Ctrl-C can come twice: from the terminal, and from npm, which passes on what it got itself. */
const sameSignal = 500

function stopOnSignals(lab: Lab): void {
  let first = 0
  const stop = (signal: NodeJS.Signals) => {
    const now = performance.now()
    if (first === 0) {
      first = now
      void lab.close().then(() => process.exit(0))
    } else if (signal === 'SIGINT' && now - first > sameSignal) process.exit(130)
  }
  process.on('SIGINT', stop)
  process.on('SIGTERM', stop)
}

/** The port in the environment; undefined when there is none. @throws RangeError when it is no port. */
function portFrom(text: string | undefined): number | undefined {
  if (!text) return undefined
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535) throw new RangeError(`PORT=${text} is no port number`)
  return Number(text)
}

/** A program that was built beside this one. */
function program(name: string): URL {
  return new URL(`${name}${extname(import.meta.url)}`, import.meta.url)
}

try {
  const { PORT, HOST, WIRE_LAB_CONTROL } = process.env
  const port = portFrom(PORT)
  const lab = await startLab({
    root: new URL('public/', import.meta.url),
    sources: new URL('../../../', import.meta.url),
    programs: { server: program('many-server'), load: program('many-load') },
    log: process.stdout.isTTY,
    ...(port !== undefined && { port }),
    ...(HOST && { host: HOST }),
    ...(WIRE_LAB_CONTROL === 'on' && { control: true }),
  })
  stopOnSignals(lab)
  process.stdout.write(banner(lab.url, wantsColour(process.stdout, process.env)))
} catch (error) {
  console.error(`The wire lab cannot start: ${(error as Error).message}`)
  process.exit(1)
}
