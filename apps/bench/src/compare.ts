// Compares the answers of servers before they are measured.
import { once } from 'node:events'
import { type IncomingMessage, request as plain } from 'node:http'
import { type IncomingHttpHeaders, connect } from 'node:http2'
import { request as secure } from 'node:https'
import { answerToMessage } from './compare-messages.ts'
import { type BenchRequest, type Workload, expected } from './workloads.ts'

/** The parts of a response in which all servers must agree. */
export interface Answer {
  readonly status: number
  readonly content: string
  readonly cookies?: readonly string[]
}

/** Sends a server every request of a workload. */
export async function answersOf(workload: Workload, port: number): Promise<Answer[]> {
  const answers: Answer[] = []
  const { requests, streams, tls, messages } = workload
  if (messages) return [await answerToMessage(messages, port)]
  for (const request of requests)
    answers.push(await (streams === undefined ? ask(request, port, tls) : askHttp2(request, port)))
  return answers
}

async function ask(
  { method, target, fields, content, chunked }: BenchRequest,
  port: number,
  tls = false,
): Promise<Answer> {
  const headers: Record<string, string> = Object.fromEntries(fields)
  if (content !== undefined && !chunked) headers['Content-Length'] = String(content.length)
  // A connection for each: one that a server has closed must not spoil the next request.
  const to = { method, path: target, headers, port, host: '127.0.0.1', agent: false, timeout: 10_000 } as const
  const request = tls ? secure({ ...to, rejectUnauthorized: false }) : plain(to)
  request.on('timeout', () => request.destroy(new Error(`no answer to ${method} ${target}`)))
  if (content !== undefined) request.write(content, 'latin1')
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  let text = ''
  for await (const part of response.setEncoding('latin1')) text += part
  return { status: response.statusCode ?? 0, content: text, cookies: response.headers['set-cookie'] ?? [] }
}

async function askHttp2({ target }: BenchRequest, port: number): Promise<Answer> {
  const session = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  try {
    await once(session, 'connect')
    const stream = session.request({ ':path': target })
    const [head] = (await once(stream, 'response')) as [IncomingHttpHeaders]
    let text = ''
    for await (const part of stream.setEncoding('latin1')) text += part
    return { status: Number(head[':status']), content: text }
  } finally {
    session.destroy()
  }
}

/**
 * The same workload, from a client that returns with its cookie.
 * @throws Error when the server set no cookie, or a different one when that cookie was sent back.
 */
export async function comingBack(workload: Workload, port: number): Promise<Workload> {
  const [first] = workload.requests
  const given = cookiesOf(await ask(first!, port))
  if (given.length === 0) throw new Error('it gave no cookie')
  const cookie = ['Cookie', given.join('; ')] as const
  const requests = workload.requests.map((one) => ({ ...one, fields: [...one.fields, cookie] }))
  const again = await ask(requests[0]!, port)
  if (cookiesOf(again).some((one) => !given.includes(one))) throw new Error('it did not know its cookie again')
  return { ...workload, requests }
}

/** Names and values of cookies. */
function cookiesOf({ cookies = [] }: Answer): string[] {
  return cookies.map((one) => one.split(';')[0]!)
}

/** What is wrong with a server's answers. */
export interface Difference {
  readonly server: string
  readonly what: string
}

/** Servers with wrong answers: all must be 200, as expected, and the same from all servers. One line for each server. */
export function differences(workload: Workload, answers: ReadonlyMap<string, readonly Answer[]>): Difference[] {
  const [reference] = answers.values()
  const found: Difference[] = []
  for (const [server, own] of answers) {
    const asked = requestsOf(workload)
    const what = asked.map((request, i) => fault(request, own[i], reference?.[i])).find(Boolean)
    if (what !== undefined) found.push({ server, what })
  }
  return found
}

/** A message counts as a request for which all servers give the same answer. */
function requestsOf({ requests, messages }: Workload): readonly BenchRequest[] {
  return messages ? [{ method: 'GET', target: messages.path, fields: [] }] : requests
}

function fault(request: BenchRequest, answer: Answer | undefined, other: Answer | undefined): string | undefined {
  const what = `${request.method} ${request.target}:`
  const content = expected(request) ?? other?.content
  if (answer?.status !== 200) return `${what} status ${answer?.status}`
  return answer.content === content ? undefined : `${what} ${brief(answer.content)} instead of ${brief(content)}`
}

function brief(content = ''): string {
  return content.length > 60 ? `${JSON.stringify(content.slice(0, 60))}… (${content.length})` : JSON.stringify(content)
}
