import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { keptMessages, mostRooms } from '../src/limits.ts'
import { FileStore } from '../src/store/file-store.ts'
import { folderForTest } from './support.ts'

const message = (i: number) => ({ from: 'Ann', text: String(i), at: new Date(i).toISOString(), key: `key ${i}` })

async function open(folder: string): Promise<FileStore> {
  const store = await FileStore.open(folder)
  onTestFinished(() => store.close().catch(() => {}))
  return store
}

test('a line that was torn is left out, and what comes behind it is kept', async () => {
  const folder = folderForTest()
  const first = await open(folder)
  await first.addRoom('a')
  await first.keep('a', message(1))
  await first.close()
  appendFileSync(join(folder, 'chat.jsonl'), '{"in":"a","message":{"id":2,"fr')
  const second = await open(folder)
  expect(await second.keep('a', message(3))).toEqual({ id: 2, isNew: true })
  await second.close()
  const third = await open(folder)
  expect((await third.latest('a', 10)).messages.map(({ text }) => text)).toEqual(['1', '3'])
})

test('many at once are numbered in the order in which they came', async () => {
  const store = await open(folderForTest())
  await store.addRoom('a')
  const kept = await Promise.all(Array.from({ length: 100 }, (_, i) => store.keep('a', message(i))))
  expect(kept.map(({ id }) => id)).toEqual(kept.map((_, i) => i + 1))
  expect(await Promise.all([store.keep('a', message(500)), store.keep('a', message(500))])).toEqual([
    { id: 101, isNew: true },
    { id: 101, isNew: false },
  ])
  expect((await store.latest('a', 1000)).messages.map(({ text }) => text)).toEqual([
    ...kept.map((_, i) => String(i)),
    '500',
  ])
})

test('a room keeps only so many messages, and its numbers go on after a restart', async () => {
  const folder = folderForTest()
  const store = await open(folder)
  await store.addRoom('a')
  await Promise.all(Array.from({ length: keptMessages + 1 }, (_, i) => store.keep('a', message(i))))
  const all = await store.latest('a', keptMessages + 1)
  expect([all.messages.length, all.messages[0]!.id, all.hasMore]).toEqual([keptMessages, 2, false])
  await store.close()
  const lines = readFileSync(join(folder, 'chat.jsonl'), 'utf8').split('\n').length
  const again = await open(folder)
  expect(readFileSync(join(folder, 'chat.jsonl'), 'utf8').split('\n').length).toBe(lines - 1)
  expect(await again.keep('a', message(5000))).toEqual({ id: keptMessages + 2, isNew: true })
})

test('pages go from the latest to the first', async () => {
  const store = await open(folderForTest())
  await store.addRoom('a')
  await Promise.all(Array.from({ length: 5 }, (_, i) => store.keep('a', message(i))))
  const ids = async (limit: number, before?: number) => {
    const { messages, hasMore } = await store.latest('a', limit, before)
    return [messages.map(({ id }) => id), hasMore]
  }
  expect(await ids(2)).toEqual([[4, 5], true])
  expect(await ids(2, 4)).toEqual([[2, 3], true])
  expect(await ids(2, 2)).toEqual([[1], false])
  expect((await store.since('a', 3, 10)).map(({ id }) => id)).toEqual([4, 5])
  expect(await store.since('a', 5, 10)).toEqual([])
})

test('there are only so many rooms', async () => {
  const store = await open(folderForTest())
  const made = await Promise.all(Array.from({ length: mostRooms + 1 }, (_, i) => store.addRoom(`room-${i}`)))
  expect(made.filter(Boolean).length).toBe(mostRooms)
  expect(made.at(-1)).toBe(false)
  expect(await store.addRoom('room-0')).toBe(true)
})

test('the folder is taken over from a process that is gone, and from one before in a container', async () => {
  const folder = folderForTest()
  for (const pid of ['999999999', String(process.pid), 'nobody']) {
    writeFileSync(join(folder, 'pid'), pid)
    const store = await open(folder)
    expect(readFileSync(join(folder, 'pid'), 'utf8')).toBe(String(process.pid))
    await store.close()
  }
})

test('the folder is waited for while another process has it', async () => {
  const folder = folderForTest()
  writeFileSync(join(folder, 'pid'), String(process.ppid))
  let isOpen = false
  const opening = open(folder).then((store) => {
    isOpen = true
    return store
  })
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(isOpen).toBe(false)
  writeFileSync(join(folder, 'pid'), '999999999')
  await (await opening).close()
})
