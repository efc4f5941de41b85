// The process in which an application runs under `spillway dev`. The next one is started ahead of time, and waits here with
// everything loaded but the application.
import { existsSync } from 'node:fs'
import * as inspector from 'node:inspector'
import { Server as NetServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { NodeTransport, type Server, createServer, errorFacts } from '@spillway/core'
import { failureOf, printed } from './dev/frame.ts'
import { Loaded } from './dev/loaded.ts'
import type { ToParent, ToWorker } from './dev/messages.ts'
import { applicationIn } from './dev/module.ts'
import { failed, reloading } from './dev/page.ts'
import { warmUp } from './dev/typescript.ts'

/** Milliseconds in which the connections that were handed over last say what they want. */
const lastAnswers = 50
/** Milliseconds for what is under way when the program has changed. */
const patience = 10_000

let server: Server | undefined

const root = process.argv[2]!
const file = process.argv[3]!
const loaded = new Loaded()
let isRunning = false

process.on('message', (message: ToWorker, socket: Socket | undefined) => {
  if (message.say === 'prepare') void prepare(message.packages)
  else if (message.say === 'run') void run(message)
  else if (message.say === 'drain') void drain()
  // Whoever has left meanwhile is not here any more.
  else if (socket) accept(socket)
})
process.on('disconnect', () => process.exit())
// The parent may have gone before.
if (!process.connected) process.exit()
// A terminal sends it to all; what it means is for the parent to say.
process.on('SIGINT', () => {})

/** What the application listens on by itself, as for its metrics. The next one is going to want the same ports. */
const listening = new Set<NetServer>()
const listen = Reflect.get(NetServer.prototype, 'listen') as (...args: unknown[]) => NetServer
NetServer.prototype.listen = function (this: NetServer, ...args: unknown[]): NetServer {
  this.once('listening', () => {
    listening.add(this)
    say({ say: 'listening' })
  })
  this.once('close', () => listening.delete(this))
  return Reflect.apply(listen, this, args)
}

/** Before anything of the project is loaded, as packages read it, too. What is set stays. */
function readEnvironment(): void {
  const environment = join(root, '.env')
  if (existsSync(environment)) process.loadEnvFile(environment)
}

function accept(socket: Socket): void {
  socket.allowHalfOpen = true
  socket.setNoDelay(true)
  server!.accept(new NodeTransport(socket))
}

/** Loads what the application had imported of what is installed, so that after a save only its own modules are left to load. */
async function prepare(packages: readonly string[]): Promise<void> {
  try {
    readEnvironment()
    await warmUp(file)
  } catch {
    return
  }
  for (const url of packages) {
    // It loads the rest itself.
    if (isRunning) return
    try {
      await import(url)
    } catch {
      // It is not there any more, or does not like to be alone: that is for the application to see.
    }
  }
  say({ say: 'prepared', files: loaded.files() })
}

async function run({ generation, inspect }: ToWorker & { say: 'run' }): Promise<void> {
  isRunning = true
  if (inspect !== undefined) inspector.open(inspect, '127.0.0.1')
  try {
    readEnvironment()
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
    say({ say: 'loaded', packages: loaded.packages() })
  } catch (error) {
    const failure = failureOf(error, root)
    console.error('%s', printed(failure))
    say({ say: 'failed', failure })
  }
}

async function drain(): Promise<void> {
  inspector.close()
  for (const one of listening) one.close()
  say({ say: 'draining' })
  await setTimeout(lastAnswers)
  await server?.close({ deadline: patience })
  process.exit()
}

function say(message: ToParent): void {
  process.send?.(message)
}
