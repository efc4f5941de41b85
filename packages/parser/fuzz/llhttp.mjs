// The first message of some bytes as llhttp reads it: undici's WebAssembly build, no lenient flags.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const module = new WebAssembly.Module(require('undici/lib/llhttp/llhttp-wasm.js'))
const PAUSED_UPGRADE = 22

let now = null
const text = (at, length) => Buffer.from(wasm.memory.buffer, at, length).toString('latin1')
const { exports: wasm } = new WebAssembly.Instance(module, {
  env: {
    wasm_on_url: () => 0,
    wasm_on_status: () => 0,
    wasm_on_message_begin: () => 0,
    wasm_on_header_field: (_, at, length) => {
      if (now.value !== null || now.fields.length === 0) now.fields.push(['', ''])
      now.value = null
      now.fields.at(-1)[0] += text(at, length)
      return 0
    },
    wasm_on_header_value: (_, at, length) => {
      now.value = ''
      now.fields.at(-1)[1] += text(at, length)
      return 0
    },
    wasm_on_headers_complete: () => {
      now.head = true
      return 0
    },
    wasm_on_body: (_, at, length) => {
      now.data += text(at, length)
      return 0
    },
    wasm_on_message_complete: () => {
      now.done = true
      // one message is enough: an error code stops the reading
      return 21
    },
  },
})

/** @param kind 1 for a request, 2 for the response to a GET */
export function llhttp(bytes, kind) {
  const parser = wasm.llhttp_alloc(kind)
  const at = wasm.malloc(bytes.length || 1)
  new Uint8Array(wasm.memory.buffer, at, bytes.length).set(bytes)
  now = { fields: [], value: null, data: '', head: false, done: false }
  const result = wasm.llhttp_execute(parser, at, bytes.length)
  const reasonAt = wasm.llhttp_get_error_reason(parser)
  const end = reasonAt === 0 ? 0 : new Uint8Array(wasm.memory.buffer, reasonAt).indexOf(0)
  const reason = reasonAt === 0 ? '' : text(reasonAt, end)
  wasm.llhttp_free(parser)
  wasm.free(at)
  if (now.done || result === PAUSED_UPGRADE) return { verdict: 'accept', data: now.data }
  if (result === 0) return { verdict: 'more' }
  return { verdict: 'refuse', reason: reason || String(result) }
}
