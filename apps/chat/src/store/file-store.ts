import { mkdir } from 'node:fs/promises'
import type { Message, Page, RoomInfo } from '../events.ts'
import { keptMessages, mostRooms, mostUsers } from '../limits.ts'
import { Journal } from './journal.ts'
import { lockFolder } from './lock.ts'
import type { NewMessage, Store } from './store.ts'

/** A line of the journal. */
type Entry =
  | { readonly user: string; readonly secret: string }
  | { readonly room: string; readonly last?: number }
  | { readonly in: string; readonly message: Message }

interface Room {
  /** The last number that was given, even if that message could not be stored in the end. */
  last: number
  readonly messages: Message[]
  /** Messages by sender and key, including those that are being written. */
  readonly keys: Map<string, { readonly id: number; readonly kept: Promise<void> }>
}

/** Keeps everything in memory, and in a file that is read after a restart. */
export class FileStore implements Store {
  readonly #users: Map<string, string> = new Map()
  readonly #rooms: Map<string, Room> = new Map()
  #journal!: Journal
  #unlock!: () => void

  private constructor() {}

  /** @throws Error when the folder cannot be written, or another process has it. */
  static async open(folder: string): Promise<FileStore> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const store = new FileStore()
    store.#unlock = await lockFolder(folder)
    for (const entry of await Journal.read(folder)) store.#take(entry as Entry)
    store.#journal = await Journal.begin(folder, store.#entries())
    return store
  }

  #take(entry: Entry): void {
    if ('user' in entry) this.#users.set(entry.user, entry.secret)
    else if ('room' in entry) this.#rooms.set(entry.room, { last: entry.last ?? 0, messages: [], keys: new Map() })
    else {
      const room = this.#rooms.get(entry.in)!
      const { id } = entry.message
      room.last = id
      // A message is in the file twice when the disk failed after the first write.
      if (room.keys.has(keyOf(entry.message))) return
      room.keys.set(keyOf(entry.message), { id, kept: Promise.resolve() })
      show(room, entry.message)
    }
  }

  *#entries(): Generator<Entry> {
    for (const [user, secret] of this.#users) yield { user, secret }
    for (const [name, { last, messages }] of this.#rooms) {
      yield { room: name, last }
      for (const message of messages) yield { in: name, message }
    }
  }

  async secretOf(name: string, ifFree: string): Promise<string | undefined> {
    const known = this.#users.get(name)
    if (known !== undefined || this.#users.size >= mostUsers) return known
    this.#users.set(name, ifFree)
    await this.#add({ user: name, secret: ifFree }, () => this.#users.delete(name))
    return ifFree
  }

  rooms(): Promise<RoomInfo[]> {
    return Promise.resolve([...this.#rooms].map(([name, { last }]) => ({ name, last })))
  }

  hasRoom(room: string): Promise<boolean> {
    return Promise.resolve(this.#rooms.has(room))
  }

  async addRoom(room: string): Promise<boolean> {
    if (this.#rooms.has(room)) return true
    if (this.#rooms.size >= mostRooms) return false
    this.#rooms.set(room, { last: 0, messages: [], keys: new Map() })
    await this.#add({ room }, () => this.#rooms.delete(room))
    return true
  }

  async keep(name: string, message: NewMessage): Promise<{ id: number; isNew: boolean }> {
    const room = this.#room(name)
    const key = keyOf(message)
    const known = room.keys.get(key)
    if (known) {
      await known.kept
      return { id: known.id, isNew: false }
    }
    const id = ++room.last
    const kept = this.#add({ in: name, message: { id, ...message } }, () => room.keys.delete(key))
    room.keys.set(key, { id, kept })
    await kept
    show(room, { id, ...message })
    return { id, isNew: true }
  }

  since(room: string, after: number, limit: number): Promise<Message[]> {
    const { messages } = this.#room(room)
    const found = messages.findIndex(({ id }) => id > after)
    return Promise.resolve(found < 0 ? [] : messages.slice(found, found + limit))
  }

  latest(room: string, limit: number, before: number = Infinity): Promise<Page> {
    const { messages } = this.#room(room)
    const index = messages.findIndex(({ id }) => id >= before)
    const end = index < 0 ? messages.length : index
    const start = Math.max(0, end - limit)
    return Promise.resolve({ messages: messages.slice(start, end), hasMore: start > 0 })
  }

  here(_room: string, people: readonly string[]): Promise<readonly string[]> {
    return Promise.resolve(people)
  }

  check(): Promise<void> {
    return Promise.resolve()
  }

  async close(): Promise<void> {
    await this.#journal.close()
    this.#unlock()
  }

  /** @param forget removes what could not be written, so that it is tried again when it is sent again. */
  async #add(entry: Entry, forget: () => void): Promise<void> {
    try {
      await this.#journal.add(entry)
    } catch (error) {
      forget()
      throw error
    }
  }

  #room(name: string): Room {
    const room = this.#rooms.get(name)
    if (!room) throw new Error(`There is no room ${name}`)
    return room
  }
}

function show({ messages, keys }: Room, message: Message): void {
  messages.push(message)
  while (messages.length > keptMessages) keys.delete(keyOf(messages.shift()!))
}

function keyOf({ from, key }: Pick<Message, 'from' | 'key'>): string {
  return `${from} ${key}`
}
