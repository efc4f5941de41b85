// The process in which an application runs under `spillway dev`. The next one is started ahead of time, and waits here with
// everything loaded but the application.
import { existsSync } from 'node:fs'
import * as inspector from 'node:inspector'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { NodeTransport, type Server, createServer, errorFacts } from '@spillway/core'
import { failureOf, printed } from './dev/frame.ts'
import type { ToParent, ToWorker } from './dev/messages.ts'
import { applicationIn } from './dev/module.ts'
import { failed, reloading } from './dev/page.ts'

/** Milliseconds in which the connections that were handed over last say what they want. */
const lastAnswers = 50
/** Milliseconds for what is under way when the program has changed. */
const patience = 10_000

/** What an application is likely to import and what does nothing until it is called: loaded ahead of time, if it is there. */
const likely = ['router', 'problem', 'openapi', 'health'].map((name) => `@spillway/middleware/${name}`).concat('zod')

let server: Server | undefined

process.on('message', (message: ToWorker, socket: Socket | undefined) => {
  if (message.say === 'run') void run(message)
  else if (message.say === 'drain') void drain()
  // Whoever has left meanwhile is not here any more.
  else if (socket) accept(socket)
})
process.on('disconnect', () => process.exit())
void loadAhead(process.argv[2]!)
// A terminal sends it to all; what it means is for the parent to say.
process.on('SIGINT', () => {})

function accept(socket: Socket): void {
  socket.allowHalfOpen = true
  socket.setNoDelay(true)
  server!.accept(new NodeTransport(socket))
}

/** @param root the folder of the project, whose modules they are. */
async function loadAhead(root: string): Promise<void> {
  for (const name of likely)
    try {
      await import(import.meta.resolve(name, pathToFileURL(join(root, 'package.json'))))
    } catch {
      // What a project does not have it does not import either.
    }
}

async function run({ file, root, generation, inspect }: ToWorker & { say: 'run' }): Promise<void> {
  if (inspect !== undefined) inspector.open(inspect, '127.0.0.1')
  try {
    const environment = join(root, '.env')
    if (existsSync(environment)) process.loadEnvFile(environment)
    const application = await applicationIn(file)
    server = createServer((c) => reloading(c, generation) ?? application(c), {
      onError: (error, c) => {
        if (errorFacts(error).status < 500) return undefined
        const failure = failureOf(error, root)
        console.error('%s', c ? `${c.method} ${c.target}: ${printed(failure)}` : printed(failure))
        return c ? failed(c, failure) : undefined
      },
    })
    say({ say: 'ready' })
  } catch (error) {
    const failure = failureOf(error, root)
    console.error('%s', printed(failure))
    say({ say: 'failed', failure })
  }
}

async function drain(): Promise<void> {
  inspector.close()
  say({ say: 'draining' })
  await setTimeout(lastAnswers)
  await server?.close({ deadline: patience })
  process.exit()
}

function say(message: ToParent): void {
  process.send?.(message)
}
