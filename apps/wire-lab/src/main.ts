import { extname } from 'node:path'
import { closeOnSignals } from '@spillway/core'
import { banner, wantsColour } from './lab/banner.ts'
import { startLab } from './lab/lab.ts'

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
  closeOnSignals({ close: () => lab.close() })
  process.stdout.write(banner(lab.url, wantsColour(process.stdout, process.env)))
} catch (error) {
  console.error(`The wire lab cannot start: ${(error as Error).message}`)
  process.exit(1)
}
