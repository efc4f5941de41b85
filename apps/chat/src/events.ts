// The messages between server and page.

/** A stored message. Those of a room are numbered from 1 without gaps: a page that has 7 and gets 9 has missed one. */
export interface Message {
  readonly id: number
  readonly from: string
  readonly text: string
  /** When it was stored, as ISO 8601. */
  readonly at: string
  /** An identifier by its sender, so that a message which is sent again, because its sender did not know whether it had arrived, is stored once. */
  readonly key: string
}

/** Milliseconds between two signs of life of the server, for a page does not see the pings of its connection. */
export const aliveEvery = 15_000

/** What the server sends to a page. */
export type ChatEvent =
  /** The first event of a connection. `isFresh`: the latest messages, whatever the page has; otherwise those that it has missed. */
  | { readonly is: 'entered'; readonly messages: readonly Message[]; readonly isFresh: boolean }
  | { readonly is: 'message'; readonly message: Message }
  /** Only to the sender, over its WebSocket: the message is on the disk, and will not be lost. */
  | { readonly is: 'kept'; readonly key: string; readonly id: number }
  | { readonly is: 'refused'; readonly key: string; readonly why: string }
  | { readonly is: 'people'; readonly people: readonly string[]; readonly count: number }
  | { readonly is: 'typing'; readonly from: string }
  /** There is a new message in a room, perhaps another one. */
  | { readonly is: 'news'; readonly room: string; readonly id: number }
  | { readonly is: 'room'; readonly room: string }
  | { readonly is: 'alive' }

/** What a page sends over its WebSocket; without one, each is an HTTP request. */
export type PageMessage = { readonly do: 'say'; readonly key: string; readonly text: string } | { readonly do: 'type' }

/** A room in the list of rooms. */
export interface RoomInfo {
  readonly name: string
  /** The number of its newest message; 0 for none. */
  readonly last: number
}

/** Some of the messages of a room, the oldest first. */
export interface Page {
  readonly messages: readonly Message[]
  /** Whether there are older ones. */
  readonly hasMore: boolean
}
