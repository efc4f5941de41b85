// The interface of a store.
import type { Message, Page, RoomInfo } from '../events.ts'

/** A message before it is stored. */
export type NewMessage = Omit<Message, 'id'>

/** Stores everything that must not be lost. */
export interface Store {
  /** The secret of a user; for a new name, the given one is stored. Undefined when there is no room for more users. */
  secretOf(name: string, ifFree: string): Promise<string | undefined>
  rooms(): Promise<readonly RoomInfo[]>
  hasRoom(room: string): Promise<boolean>
  /** @returns false when there is the greatest allowed number. */
  addRoom(room: string): Promise<boolean>
  // decision 076
  /**
   * Stores a message. Resolves when it will survive the end of the process.
   * @returns its number, and whether it is new: each key of a user is stored once.
   */
  keep(room: string, message: NewMessage): Promise<{ readonly id: number; readonly isNew: boolean }>
  /** The messages after a message, at most `limit`, the oldest first. */
  since(room: string, after: number, limit: number): Promise<readonly Message[]>
  /** The latest messages, or the latest before a message, the oldest first. */
  latest(room: string, limit: number, before?: number): Promise<Page>
  /** Reports who is in a room in this process. @returns who is in it in all processes. */
  here(room: string, people: readonly string[]): Promise<readonly string[]>
  /** Rejects when nothing can be stored at present. */
  check(): Promise<void>
  close(): Promise<void>
}
