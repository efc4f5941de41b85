// `node --import @spillway/inspect/auto app.js`: an inspector for a program that knows nothing about it.
import { inspect } from './index.ts'

try {
  const port = Number(process.env['SPILLWAY_INSPECTOR_PORT'] || 0)
  const { url } = await inspect(undefined, { port })
  process.stderr.write(`Inspector: ${url}\n`)
} catch (error) {
  process.stderr.write(`The inspector cannot start: ${(error as Error).message}\n`)
}
