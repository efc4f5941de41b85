// Sends raw requests to a server: one connection and one request, byte for byte as it is written.
import { connect } from 'node:net'

/** How long a response may take, in milliseconds. */
const patience = 3000

/** A server that sends more is sending an endless device file. */
const most = 100 * 1024 * 1024

/**
 * @param {number} port
 * @param {string} method
 * @param {string} target sent as it is
 * @param {readonly string[]} fields field lines, without their line ends
 * @param {{ version?: string, during?: () => void }} options `during`: called when the first bytes have arrived
 */
export function ask(port, method, target, fields = [], { version = '1.1', during } = {}) {
  return new Promise((resolve, reject) => {
    const chunks = []
    const socket = connect(port, '127.0.0.1', () => {
      const lines = [`${method} ${target} HTTP/${version}`, 'Host: localhost', 'Connection: close', ...fields]
      socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
    })
    const timer = setTimeout(() => {
      reject(new Error('no answer'))
      socket.destroy()
    }, patience)
    let bytes = 0
    socket.on('data', (chunk) => {
      chunks.push(chunk)
      if ((bytes += chunk.length) > most) socket.destroy()
      if (chunks.length > 1 || !during) return
      socket.pause()
      during()
      setTimeout(() => socket.resume(), 100)
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      try {
        resolve(read(Buffer.concat(chunks), method))
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** Several requests on one connection, written together; resolves with all bytes. */
export function askPipelined(port, requests) {
  return new Promise((resolve, reject) => {
    const chunks = []
    const socket = connect(port, '127.0.0.1', () => socket.write(requests.join('')))
    const timer = setTimeout(() => {
      reject(new Error('no answer'))
      socket.destroy()
    }, patience)
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(Buffer.concat(chunks).toString('latin1'))
    })
  })
}

function read(bytes, method) {
  const end = bytes.indexOf('\r\n\r\n')
  if (end < 0) throw new Error('no reply')
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const headers = new Map()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers.set(name, headers.has(name) ? `${headers.get(name)}, ${value}` : value)
  }
  const status = Number(first.split(' ')[1])
  const rest = bytes.subarray(end + 4)
  const get = (name) => headers.get(name) ?? ''
  const empty = method === 'HEAD' || status === 304 || status === 204
  if (get('transfer-encoding') === 'chunked' && !empty) return { status, headers, get, ...readChunks(rest) }
  const length = headers.has('content-length') && !empty ? Number(get('content-length')) : rest.length
  return { status, headers, get, content: rest, complete: rest.length === length }
}

function readChunks(bytes) {
  const chunks = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    const size = line < 0 ? NaN : parseInt(bytes.toString('latin1', at, line), 16)
    if (!(size > 0)) return { content: Buffer.concat(chunks), complete: size === 0 }
    chunks.push(bytes.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
  }
}
