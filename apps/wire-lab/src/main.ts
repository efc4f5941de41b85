import { extname } from 'node:path'
import { explain, readNumber } from '@spillway/command-line'
import { closeOnSignals } from '@spillway/core'
import { banner, wantsColour } from './lab/banner.ts'
import { startLab } from './lab/lab.ts'

/** A program that was built beside this one. */
function program(name: string): URL {
  return new URL(`${name}${extname(import.meta.url)}`, import.meta.url)
}

try {
  const { PORT, HOST, WIRE_LAB_CONTROL } = process.env
  const port = PORT ? readNumber('PORT', PORT, { to: 65_535 }) : undefined
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
  console.error(`The wire lab cannot start: ${explain(error)}`)
  process.exit(1)
}
