import { type AddressInfo, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { NodeTransport } from '../../src/index.ts'
import { clientSocket, giveBack } from '../../src/sockets.ts'

const all = 16 * 1024 * 1024

/** Bytes that say where they are. */
function pattern(length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length)
  for (let at = 0; at < length; at += 4) bytes.writeUInt32LE(at, at)
  return bytes
}

/** Receives all bytes of a connection. @param isGivenBack whether pieces are given back once they have been copied. */
async function received(isGivenBack: boolean): Promise<{ content: Buffer; buffers: number; keepable: number }> {
  const server = createServer((socket) => socket.end(pattern(all)))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const socket = clientSocket().connect((server.address() as AddressInfo).port, '127.0.0.1')
  const transport = new NodeTransport(socket)
  const pieces: Buffer[] = []
  const buffers = new Set<ArrayBufferLike>()
  let keepable = 0
  await new Promise<void>((resolve, reject) => {
    transport.attach({
      onData: (chunk, isKeepable) => {
        if (!isKeepable) {
          pieces.push(Buffer.from(chunk))
          return
        }
        keepable++
        buffers.add(chunk.buffer)
        transport.pause()
        setImmediate(() => {
          pieces.push(Buffer.from(chunk))
          // A piece in front of others would be overwritten under them: it is not taken.
          if (isGivenBack) for (const piece of [chunk.subarray(0, 8), chunk]) giveBack(piece)
          transport.resume()
        })
      },
      onDrain: () => {},
      onEnd: () => setImmediate(resolve),
      onClose: (error) => (error ? reject(error) : resolve()),
    })
  })
  transport.destroy()
  server.close()
  return { content: Buffer.concat(pieces), buffers: buffers.size, keepable }
}

test('what is given back is read into again, and what is not stays as it is', async () => {
  const kept = await received(false)
  expect(kept.content.equals(pattern(all))).toBe(true)
  expect(kept.buffers).toBe(kept.keepable)
  const again = await received(true)
  expect(again.content.equals(pattern(all))).toBe(true)
  expect(again.buffers).toBeLessThan(again.keepable)
})
