import { placeVariable } from '../server/listen-fds.ts'
import type { MaybePromise } from '../exchange/context.ts'
import { printError } from '../exchange/guarded.ts'
import type { ClusterMessage, WorkerAnswer } from './process.ts'

export type { WorkerAnswer } from './process.ts'

/** What this worker answers, by topic. */
const own: Map<string, () => unknown> = new Map()
/** Who waits for all answers, by the number of the question. */
const waiting: Map<number, (answers: readonly WorkerAnswer<any>[]) => void> = new Map()
let asked = 0

/**
 * Lets each worker of a cluster ask all of them, itself too: for numbers that are shown at one place whichever worker is asked
 * for them. Outside of a cluster there is only the one.
 * @param topic a name that all workers use for this question, each once.
 * @param answer what this worker says; something that JSON can hold.
 * @returns asks. Whoever does not answer within a second, or fails, is left out.
 */
export function everyWorker<T>(
  topic: string,
  answer: () => MaybePromise<T>,
): () => Promise<readonly WorkerAnswer<T>[]> {
  own.set(topic, answer)
  return async () => {
    if (process.env[placeVariable] === undefined || !process.connected || !process.send)
      return [{ worker: 0, value: await answer() }]
    const question = ++asked
    const answers = new Promise<readonly WorkerAnswer<T>[]>((resolve) => waiting.set(question, resolve))
    process.send({ spillway: 'ask', question, topic } satisfies ClusterMessage)
    return answers
  }
}

/** In a worker: takes questions of others, and the answers to its own. */
export function hearQuestions(message: ClusterMessage | null, say: (message: ClusterMessage) => void): void {
  const { question = 0, topic = '' } = message ?? {}
  if (message?.spillway === 'question')
    void answerTo(topic).then((value) => say({ spillway: 'answer', question, value }))
  else if (message?.spillway === 'answers') {
    waiting.get(question)?.(message.answers ?? [])
    waiting.delete(question)
  }
}

/** Undefined when there is none. */
async function answerTo(topic: string): Promise<unknown> {
  try {
    return await own.get(topic)?.()
  } catch (error) {
    printError(`everyWorker ${topic}`, error)
    return undefined
  }
}
