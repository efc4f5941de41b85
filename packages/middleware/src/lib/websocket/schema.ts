import type { StandardSchemaV1 } from '@standard-schema/spec'
import { type Decode, UnfitMessage } from './connection.ts'

/** Parses messages as JSON, and accepts only those that fit a schema. */
export function decodeWith(schema: StandardSchemaV1): Decode {
  return (data) => {
    if (typeof data !== 'string') throw new UnfitMessage(1003, 'Only text is accepted')
    const result = schema['~standard'].validate(parsed(data))
    return result instanceof Promise ? result.then(taken) : taken(result)
  }
}

function taken(result: StandardSchemaV1.Result<unknown>): unknown {
  if (result.issues) throw new UnfitMessage(1008, shortened(result.issues[0]?.message ?? 'Not valid'))
  return result.value
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new UnfitMessage(1007, 'The message is not JSON')
  }
}

/** Shortens a text to what fits into the reason of a Close: 123 bytes, in whole characters. */
function shortened(text: string): string {
  const room = new Uint8Array(123)
  const { read } = new TextEncoder().encodeInto(text, room)
  return text.slice(0, read)
}
