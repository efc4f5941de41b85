// What a store of messages does.
import type { Message, Page, RoomInfo } from '../events.ts'

/** A message before it is kept. */
export type NewMessage = Omit<Message, 'id'>

/** Where everything is kept that must not be lost. */
export interface Store {
  /** The secret of a user; what is given is kept as that, when nobody has the name. Undefined when no more users fit. */
  secretOf(name: string, ifFree: string): Promise<string | undefined>
  rooms(): Promise<readonly RoomInfo[]>
  hasRoom(room: string): Promise<boolean>
  /** @returns false when there are as many as there may be. */
  addRoom(room: string): Promise<boolean>
  // decision 076
  /**
   * Resolves when the message is where it survives the end of the process.
   * @returns its number, and whether it is new: the same key of the same user is kept once.
   */
  keep(room: string, message: NewMessage): Promise<{ readonly id: number; readonly isNew: boolean }>
  /** What was said after a message, up to `limit`, the oldest first. */
  since(room: string, after: number, limit: number): Promise<readonly Message[]>
  /** The latest before a message, or of all, the oldest first. */
  latest(room: string, limit: number, before?: number): Promise<Page>
  /** Says who is in a room here. @returns who is in it in all processes. */
  here(room: string, people: readonly string[]): Promise<readonly string[]>
  /** Rejects when nothing could be kept now. */
  check(): Promise<void>
  close(): Promise<void>
}
