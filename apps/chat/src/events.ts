// What server and page tell each other.

/** A message as it is kept. Those of a room are numbered from 1 on, without a hole: who has seen 7 and gets 9 has missed one. */
export interface Message {
  readonly id: number
  readonly from: string
  readonly text: string
  /** When it was kept, as ISO 8601. */
  readonly at: string
  /** The writer's own name for it: what is sent twice, because nobody knew whether it had arrived, is kept once. */
  readonly key: string
}

/** What a page is told. */
export type ChatEvent =
  /** The first of a connection. `isFresh`: these are the latest, whatever the page had seen; else what it had missed. */
  | { readonly is: 'entered'; readonly messages: readonly Message[]; readonly isFresh: boolean }
  | { readonly is: 'message'; readonly message: Message }
  /** Only to who wrote it, over a WebSocket: it is on the disk, and will not be lost. */
  | { readonly is: 'kept'; readonly key: string; readonly id: number }
  | { readonly is: 'refused'; readonly key: string; readonly why: string }
  | { readonly is: 'people'; readonly people: readonly string[]; readonly count: number }
  | { readonly is: 'typing'; readonly from: string }
  /** Something was said in a room, perhaps another one. */
  | { readonly is: 'news'; readonly room: string; readonly id: number }
  | { readonly is: 'room'; readonly room: string }

/** What a page says over its WebSocket; over HTTP it is a request each. */
export type PageMessage = { readonly do: 'say'; readonly key: string; readonly text: string } | { readonly do: 'type' }

/** A room as the list of them shows it. */
export interface RoomInfo {
  readonly name: string
  /** Of its newest message; 0 for none. */
  readonly last: number
}

/** Some of the messages of a room, the oldest first. */
export interface Page {
  readonly messages: readonly Message[]
  /** Whether there are older ones. */
  readonly hasMore: boolean
}
