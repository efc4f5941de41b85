import type { Worker } from 'node:cluster'

/** What the primary of `node:cluster` sends with a connection. */
interface NewConnection {
  readonly cmd: 'NODE_CLUSTER'
  readonly act: 'newconn'
  readonly seq: number
}

/** What a worker answers to it, before it reads a byte of it. */
interface Answer {
  readonly cmd: 'NODE_CLUSTER'
  readonly ack: number
  readonly accepted: boolean
}

interface Handle {
  close(): void
}

/**
 * The connections on their way to one worker. Node forgets one whose worker ends before it answers, and keeps it open:
 * its client would wait for ever (nodejs/node#21746). Nobody has read any of it, so another worker can have it.
 */
export class Handover {
  readonly #worker: Worker
  readonly #unanswered: Map<number, Handle> = new Map()

  constructor(worker: Worker) {
    this.#worker = worker
    const child = worker.process
    const send = child.send.bind(child) as (message: unknown, handle: unknown, ...rest: unknown[]) => boolean
    child.send = ((message: Partial<NewConnection> | null, handle: Handle | undefined, ...rest: unknown[]) => {
      if (message?.cmd === 'NODE_CLUSTER' && message.act === 'newconn' && handle)
        this.#unanswered.set(message.seq!, handle)
      return send(message, handle, ...rest)
    }) as typeof child.send
    child.on('internalMessage', (message: Partial<Answer>) => {
      if (message.ack !== undefined) this.#unanswered.delete(message.ack)
    })
  }

  /** The worker has ended: what it did not answer goes to another, or is closed if none is left. */
  end(othersServe: boolean): void {
    for (const [ack, handle] of this.#unanswered) {
      // As if the worker had answered that it no longer serves.
      const refusal: Answer = { cmd: 'NODE_CLUSTER', ack, accepted: false }
      if (othersServe) this.#worker.process.emit('internalMessage', refusal, undefined)
      else handle.close()
    }
    this.#unanswered.clear()
  }
}
