import type { Http2FaultCode } from './errors.ts'
import {
  ENABLE_CONNECT_PROTOCOL,
  ENABLE_PUSH,
  FIRST_WINDOW,
  HEADER_TABLE_SIZE,
  INITIAL_WINDOW_SIZE,
  LARGEST_FRAME,
  LEAST_FRAME,
  MAX_31,
  MAX_CONCURRENT_STREAMS,
  MAX_FRAME_SIZE,
  MAX_HEADER_LIST_SIZE,
  NO_RFC7540_PRIORITIES,
  TABLE_BYTES,
} from './numbers.ts'

/** What a peer tells the other side about itself. RFC 9113 §6.5.2; RFC 8441 §3; RFC 9218 §2.1. */
export class Settings {
  headerTableSize: number = TABLE_BYTES
  enablePush: boolean = true
  maxConcurrentStreams: number = Infinity
  initialWindowSize: number = FIRST_WINDOW
  maxFrameSize: number = LEAST_FRAME
  maxHeaderListSize: number = Infinity
  enableConnectProtocol: boolean = false
  noRfc7540Priorities: boolean = false

  /** Takes one entry. Unknown ones are ignored. */
  take(id: number, value: number): Http2FaultCode | undefined {
    switch (id) {
      case HEADER_TABLE_SIZE:
        this.headerTableSize = value
        return undefined
      case ENABLE_PUSH:
        this.enablePush = value === 1
        return flagFault(value)
      case MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value
        return undefined
      case INITIAL_WINDOW_SIZE:
        this.initialWindowSize = value
        return value > MAX_31 ? 'SETTING_WINDOW_INVALID' : undefined
      case MAX_FRAME_SIZE:
        this.maxFrameSize = value
        return value < LEAST_FRAME || value > LARGEST_FRAME ? 'SETTING_INVALID' : undefined
      case MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value
        return undefined
      case ENABLE_CONNECT_PROTOCOL:
        // once announced it cannot be taken back (RFC 8441 §3)
        if (value === 0 && this.enableConnectProtocol) return 'SETTING_INVALID'
        this.enableConnectProtocol = value === 1
        return flagFault(value)
      case NO_RFC7540_PRIORITIES:
        this.noRfc7540Priorities = value === 1
        return flagFault(value)
      default:
        return undefined
    }
  }
}

function flagFault(value: number): Http2FaultCode | undefined {
  return value > 1 ? 'SETTING_INVALID' : undefined
}
