import { once } from 'node:events'
import { type Tool, findTool, spawn, withTools } from '@spillway/vitest-config/tools'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { aliveEvery } from '../src/events.ts'
import { type Built, buildChat } from './built.ts'
import { Person, folderForTest, post, startChat } from './support.ts'

const redisServer: Tool = findTool('redis-server')
const secret = 'a secret of thirty-two characters'

describe('one process', () => {
  test('people hear each other, and each message once, with its number', async () => {
    const { server } = await startChat({ data: folderForTest() })
    const [ann, ben] = [await Person.signIn(server.url, 'Ann'), await Person.signIn(server.url, 'Ben')]
    await ann.enter('general')
    await ben.enter('general')
    await ann.say({ do: 'say', key: 'key-of-ann', text: 'hello' })
    await vi.waitUntil(() => ben.all('message').length > 0)
    const message = { id: 1, from: 'Ann', text: 'hello', key: 'key-of-ann' }
    expect(ben.all('message')).toMatchObject([{ message }])
    expect(ann.all('kept')).toEqual([{ is: 'kept', key: 'key-of-ann', id: 1 }])
    // As a page does that does not know whether it had arrived.
    await ann.say({ do: 'say', key: 'key-of-ann', text: 'hello' })
    await vi.waitUntil(() => ann.all('kept').length === 2)
    expect(ann.all('kept')[1]).toEqual({ is: 'kept', key: 'key-of-ann', id: 1 })
    expect(await (await ben.get('/api/rooms/general/messages')).json()).toMatchObject({ messages: [message] })
  })

  test('says who is there, and who has gone', async () => {
    const { server } = await startChat({ data: folderForTest() })
    const [ann, ben] = [await Person.signIn(server.url, 'Ann'), await Person.signIn(server.url, 'Ben')]
    await ann.enter('general')
    await ben.enter('general')
    await vi.waitUntil(() => ann.all('people').at(-1)?.count === 2)
    expect(ann.all('people').at(-1)!.people).toEqual(['Ann', 'Ben'])
    ben.leave()
    await vi.waitUntil(() => ann.all('people').at(-1)?.count === 1)
    expect(ann.all('people').at(-1)!.people).toEqual(['Ann'])
  })

  test('knows clients behind a proxy by its X-Forwarded-For', async () => {
    const { server } = await startChat({ data: folderForTest(), proxies: ['127.0.0.1'] })
    const signIn = async (address: string): Promise<number> => {
      const headers = { 'Content-Type': 'application/json', 'X-Forwarded-For': address }
      return (await fetch(`${server.url}/api/session`, { method: 'POST', headers, body: '{}' })).status
    }
    for (let i = 0; i < 20; i++) expect(await signIn('192.0.2.1')).toBe(422)
    expect([await signIn('192.0.2.1'), await signIn('192.0.2.2')]).toEqual([429, 422])
  })

  test('is not silent for long', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const { server } = await startChat({ data: folderForTest() })
    const ann = await Person.signIn(server.url, 'Ann')
    const before = vi.getTimerCount()
    await ann.enter('general')
    vi.advanceTimersByTime(aliveEvery)
    await vi.waitUntil(() => ann.all('alive').length > 0)
    ann.leave()
    await vi.waitFor(() => expect(vi.getTimerCount()).toBe(before))
  })

  test('a person who comes back is told what was missed, and no more', async () => {
    const { server } = await startChat({ data: folderForTest() })
    const ann = await Person.signIn(server.url, 'Ann')
    for (let i = 1; i <= 5; i++)
      await ann.post('/api/rooms/general/messages', { key: `key-number-${i}`, text: String(i) })
    await ann.enter('general', 3)
    expect(ann.all('entered')).toMatchObject([{ isFresh: false, messages: [{ id: 4 }, { id: 5 }] }])
  })

  test('over events, with requests to say something', async () => {
    const { server } = await startChat({ data: folderForTest() })
    const ann = await Person.signIn(server.url, 'Ann')
    const events = await ann.get('/api/rooms/general/events')
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader()
    const said = await ann.post('/api/rooms/general/messages', { key: 'key-of-ann', text: 'hello' })
    expect([said.status, await said.json()]).toEqual([201, { id: 1 }])
    let heard = ''
    for (let isOver = false; !isOver && !heard.includes('"message"');) {
      const { done, value = '' } = await reader.read()
      isOver = done
      heard += value
    }
    expect(heard).toContain('"text":"hello"')
    await reader.cancel()
  })

  test('rooms are made, found by others, and have a limit of letters', async () => {
    const { server } = await startChat({ data: folderForTest() })
    const ann = await Person.signIn(server.url, 'Ann')
    await ann.enter('general')
    expect((await ann.post('/api/rooms', { name: 'tea-time' })).status).toBe(201)
    await vi.waitUntil(() => ann.all('room').length > 0)
    expect(await (await ann.get('/api/rooms')).json()).toEqual([
      { name: 'general', last: 0 },
      { name: 'tea-time', last: 0 },
    ])
    for (const name of ['', 'Tea', '../x', '-', 'a'.repeat(33)])
      expect((await ann.post('/api/rooms', { name })).status).toBe(422)
    expect((await ann.get('/api/rooms/nowhere/messages')).status).toBe(404)
  })

  test('a name belongs to whoever took it first; without one nothing is told', async () => {
    const { server } = await startChat({ data: folderForTest() })
    await Person.signIn(server.url, 'Ann', 'open sesame')
    await Person.signIn(server.url, 'Ann', 'open sesame')
    const other = await post(server.url, '/api/session', { name: 'Ann', password: 'another one' })
    expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([403, 'NOT_YOURS'])
    for (const path of ['/session', '/rooms', '/rooms/general/messages', '/rooms/general/events'])
      expect((await fetch(`${server.url}/api${path}`)).status).toBe(401)
    const elsewhere = { Origin: 'https://evil.example', 'Content-Type': 'application/json' }
    const forged = await fetch(`${server.url}/api/session`, { method: 'DELETE', headers: elsewhere })
    expect(forged.status).toBe(403)
  })

  test.each([
    ['a text of 2000 characters', 'x'.repeat(2000), 201],
    ['one more', 'x'.repeat(2001), 422],
    ['nothing but blanks', '  \n ', 422],
  ])('%s', async (_, text, status) => {
    const { server } = await startChat({ data: folderForTest() })
    const ann = await Person.signIn(server.url, 'Ann')
    expect((await ann.post('/api/rooms/general/messages', { key: 'key-of-ann', text })).status).toBe(status)
  })

  test('a client that sends without end is cut, and others are not', async () => {
    const { server } = await startChat({ data: folderForTest() })
    const [ann, ben] = [await Person.signIn(server.url, 'Ann'), await Person.signIn(server.url, 'Ben')]
    await ann.enter('general')
    await ben.enter('general')
    for (let i = 0; i < 50; i++) void ann.say({ do: 'say', key: `key-number-${i}`, text: 'x' }).catch(() => {})
    await vi.waitUntil(() => ben.all('people').at(-1)?.count === 1)
    await ben.say({ do: 'say', key: 'key-of-ben', text: 'peace' })
    await vi.waitUntil(() => ben.all('kept').length > 0)
    expect(ben.all('message').filter(({ message }) => message.from === 'Ann').length).toBeLessThan(20)
  })

  test('is ready until it closes', async () => {
    const { server } = await startChat({ data: folderForTest() })
    expect([(await fetch(`${server.url}/live`)).status, (await fetch(`${server.url}/ready`)).status]).toEqual([
      200, 200,
    ])
  })
})

describe('a restart', { timeout: 60_000 }, () => {
  let built: Built
  beforeAll(async () => {
    built = await buildChat()
  }, 60_000)
  afterAll(() => built?.remove())

  async function run(data: string): Promise<{ url: string; kill: (signal: NodeJS.Signals) => Promise<unknown> }> {
    const env = { ...process.env, PORT: '0', DATA: data }
    const child = spawn(process.execPath, [built.program], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    const ended = once(child, 'exit')
    const kill = (signal: NodeJS.Signals): Promise<unknown> => {
      child.kill(signal)
      return ended
    }
    return { url: /http\S+/.exec(said.toString())![0], kill }
  }

  /** What it says when it cannot start. */
  async function refusal(env: NodeJS.ProcessEnv): Promise<{ code: number; said: string }> {
    const child = spawn(process.execPath, [built.program], {
      env: { ...process.env, HOST: '127.0.0.1', DATA: folderForTest(), ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    let said = ''
    child.stderr.on('data', (piece) => (said += String(piece)))
    const [code] = (await once(child, 'close')) as [number]
    return { code, said }
  }

  test('that cannot be says why in one line', async () => {
    const { server } = await startChat({ data: folderForTest() })
    const inUse = `The chat cannot start: Port ${server.port} is in use\n`
    expect(await refusal({ PORT: `${server.port}` })).toEqual({ code: 1, said: inUse })
    const secretless = 'The chat cannot start: REDIS needs a SECRET that all processes share\n'
    expect(await refusal({ PORT: '0', REDIS: 'redis://127.0.0.1:1' })).toEqual({ code: 1, said: secretless })
  })

  test.each(['SIGTERM', 'SIGKILL'] as const)('by %s loses nothing that was acknowledged', async (signal) => {
    const data = folderForTest()
    const first = await run(data)
    const ann = await Person.signIn(first.url, 'Ann')
    await ann.enter('general')
    const over = new AbortController()
    const talking = (async () => {
      for (let i = 0; !over.signal.aborted && i < 1000; i++) {
        await ann.say({ do: 'say', key: `key-number-${i}`, text: String(i) })
        // At the pace that is allowed, with several under way.
        await vi.waitUntil(() => over.signal.aborted || ann.all('kept').length > i - 5)
        if (i >= 8) await new Promise((resolve) => setTimeout(resolve, 110))
      }
    })().catch(() => {})
    await vi.waitUntil(() => ann.all('kept').length >= 12)
    await first.kill(signal)
    over.abort()
    await talking
    const second = await run(data)
    // The same session: nobody has to sign in again.
    const again = await Person.signIn(second.url, 'Ann')
    const { messages } = (await (await again.get('/api/rooms/general/messages')).json()) as {
      messages: { id: number; key: string }[]
    }
    const kept = ann.all('kept').map(({ id, key }) => ({ id, key }))
    expect(messages.map(({ id, key }) => ({ id, key }))).toEqual(expect.arrayContaining(kept))
    expect(messages.map(({ id }) => id)).toEqual(messages.map((__, i) => i + 1))
    expect(await second.kill('SIGTERM')).toEqual([0, null])
  })
})

async function redisForTest(): Promise<string> {
  const folder = folderForTest()
  const socket = `${folder}/redis.sock`
  const args = ['--port', '0', '--unixsocket', socket, '--save', '', '--dir', folder]
  const child = spawn(redisServer.path, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(child, 'exit')
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await ended
  })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()))
  await vi.waitUntil(() => /ready to accept connections/i.test(said))
  return socket
}

withTools(redisServer)('several processes with Redis', { timeout: 60_000 }, () => {
  test('are one chat: messages, numbers, names, and who is there', async () => {
    const redis = await redisForTest()
    const [one, two] = [await startChat({ redis, secret }), await startChat({ redis, secret })]
    const ann = await Person.signIn(one.server.url, 'Ann')
    const ben = await Person.signIn(two.server.url, 'Ben')
    await ann.enter('general')
    await ben.enter('general')
    await vi.waitUntil(() => ann.all('people').at(-1)?.count === 2 && ben.all('people').at(-1)?.count === 2)
    await ann.say({ do: 'say', key: 'key-of-ann', text: 'hello' })
    await vi.waitUntil(() => ben.all('message').length === 1)
    await ben.say({ do: 'say', key: 'key-of-ben', text: 'hello, Ann' })
    await vi.waitUntil(() => ann.all('message').length === 2)
    expect(ann.all('message').map(({ message: { id, from } }) => [id, from])).toEqual([
      [1, 'Ann'],
      [2, 'Ben'],
    ])
    const impostor = await post(two.server.url, '/api/session', { name: 'Ann', password: 'another one' })
    expect(impostor.status).toBe(403)
    // Whose process has gone is not there any more, and what was said is.
    await one.close({ deadline: 0 })
    await vi.waitUntil(() => ben.all('people').at(-1)?.count === 1)
    const three = await startChat({ redis, secret })
    const again = await Person.signIn(three.server.url, 'Ann')
    await again.enter('general')
    expect(again.all('entered')[0]!.messages.map(({ text }) => text)).toEqual(['hello', 'hello, Ann'])
    await again.say({ do: 'say', key: 'key-of-ann', text: 'hello' })
    await vi.waitUntil(() => again.all('kept').length === 1)
    expect(again.all('kept')[0]!.id).toBe(1)
  })
})
