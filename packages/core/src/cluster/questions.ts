// Questions that one worker asks all workers of a cluster, and their answers.
import { placeVariable } from '../server/listen-fds.ts'
import type { MaybePromise } from '../exchange/context.ts'
import { printError } from '../exchange/guarded.ts'
import type { ClusterMessage, WorkerAnswer } from './process.ts'

export type { WorkerAnswer } from './process.ts'

/** The functions with this worker's answers, by topic. */
const own: Map<string, () => unknown> = new Map()
/** The callbacks that wait for all answers, by the number of the question. */
const waiting: Map<number, (answers: readonly WorkerAnswer<any>[]) => void> = new Map()
let asked = 0

/**
 * Lets each worker of a cluster ask all of them, including itself: for numbers that are shown in one place, whichever worker is asked
 * for them. Outside a cluster there is only the one.
 * @param topic a name that all workers use for this question, once each.
 * @param answer returns this worker's answer, a value that JSON can represent.
 * @returns a function that asks. Workers that fail or do not answer within a second are left out.
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

/** In a worker: receives questions from others, and the answers to its own. */
export function hearQuestions(message: ClusterMessage | null, say: (message: ClusterMessage) => void): void {
  const { question = 0, topic = '' } = message ?? {}
  if (message?.spillway === 'question')
    void answerTo(topic).then((value) => say({ spillway: 'answer', question, value }))
  else if (message?.spillway === 'answers') {
    waiting.get(question)?.(message.answers ?? [])
    waiting.delete(question)
  }
}

/** Undefined when there is no answer. */
async function answerTo(topic: string): Promise<unknown> {
  try {
    return await own.get(topic)?.()
  } catch (error) {
    printError(`everyWorker ${topic}`, error)
    return undefined
  }
}
