// A file of recorded connections, shown in place of a live server.
import { plural } from '../../src/model/format.ts'
import { readRecording } from '../../src/model/read-recording.ts'
import type { Recording } from '../../src/model/recording.ts'
import { el } from '../shared/dom.ts'

/** Most bytes of a file to open: the page keeps all of it in memory. */
const mostBytes = 256 * 1024 * 1024

/** @throws Error whose message tells the user why the file cannot be shown. */
export async function openRecording(file: File): Promise<Recording> {
  if (file.size > mostBytes)
    throw new Error(`${file.name} is larger than 256 MiB. “npx @spillway/replay list” reads files of any size.`)
  const recording = readRecording(new Uint8Array(await file.arrayBuffer()))
  if (!recording)
    throw new Error(`${file.name} is not a pcap, pcapng or HAR file. The page Bytes opens files of messages.`)
  if (recording.state.closed.length === 0)
    throw new Error(`${file.name} has no TCP connection. ${recording.notes.join(' ')}`)
  return recording
}

const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' })

/** What was opened, and which parts of it could not be read. */
export function aboutRecording(name: string, { state, epoch, notes }: Recording): HTMLElement[] {
  const { accepted, requests } = state.totals
  const what = `${plural(accepted, 'connection')}, ${plural(requests, 'request')}`
  const when = epoch > 0 ? `, from ${day.format(epoch)}` : ''
  return [
    el('p', {}, el('b', {}, name), `: ${what}${when}. `, el('a', { href: './' }, 'Back to the live view')),
    ...(notes.length > 0 ? [el('ul', {}, ...notes.map((note) => el('li', {}, note)))] : []),
  ]
}

export function refusedFile(error: unknown): HTMLElement[] {
  return [el('p', { class: 'bad' }, error instanceof Error ? error.message : String(error))]
}
