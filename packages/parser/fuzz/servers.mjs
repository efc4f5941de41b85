// Servers as readers of requests: bytes go to a socket, and what comes back tells what was made of them.
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { parseResponse } from '../dist/index.js'

/** A server that has said nothing for so long waits for more. Milliseconds. */
const PATIENCE = 500

/** What a server makes of bytes, by its answer. */
async function read(port, bytes) {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  let answer = Buffer.alloc(0)
  let timer
  const verdict = await new Promise((resolve) => {
    const wait = () => {
      clearTimeout(timer)
      timer = setTimeout(() => resolve({ verdict: 'more' }), PATIENCE)
    }
    socket.on('data', (piece) => {
      wait()
      answer = Buffer.concat([answer, piece])
      const found = verdictOf(answer)
      if (found !== undefined) resolve(found)
    })
    // it was not worth an answer
    socket.on('close', () => resolve({ verdict: 'refuse' }))
    socket.write(bytes, wait)
  })
  clearTimeout(timer)
  socket.destroy()
  // a handler of the fetch kind never sees what a GET brings along
  return /^\s*(GET|HEAD) /.test(bytes.toString('latin1')) ? { ...verdict, data: undefined } : verdict
}

/** The first final answer, when all of it has come. */
function verdictOf(bytes) {
  let parsed
  try {
    parsed = parseResponse(bytes)
  } catch {
    // no answer in HTTP/1: Deno goes over to HTTP/2 where a request begins as its preface does
    return { verdict: 'refuse' }
  }
  if (parsed === null) return undefined
  const { head, consumed, contentLength } = parsed
  const rest = bytes.subarray(consumed)
  if (head.status < 200) return verdictOf(rest)
  if (head.status >= 300) return { verdict: 'refuse' }
  if (rest.length < contentLength) return undefined
  return { verdict: 'accept', data: rest.subarray(0, contentLength).toString('latin1') }
}

const program = fileURLToPath(new URL('./echo-server.mjs', import.meta.url))
const runtimes = {
  Node: [process.execPath, program],
  Bun: ['bun', program],
  Deno: ['deno', 'run', '--allow-net', '--allow-env', '--no-lock', program],
}

/**
 * Starts the servers of the runtimes that are installed: each with a name, a function that reads, and one that ends it.
 *
 * @param tell told what is missing
 */
export async function startServers(tell) {
  const servers = []
  for (const [name, [command, ...args]] of Object.entries(runtimes)) {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    process.once('exit', () => child.kill())
    const started = await new Promise((resolve) => {
      let text = ''
      child.on('error', () => resolve(undefined)).on('close', () => resolve(undefined))
      child.stdout.on('data', (piece) => {
        text += piece
        const found = /PORT (\d+) VERSION (\S+)\n/.exec(text)
        if (found !== null) resolve({ port: Number(found[1]), version: found[2] })
      })
    })
    if (started === undefined) {
      tell(`${name} is not installed, or does not start: left out`)
      continue
    }
    const { port, version } = started
    servers.push({ name: `${name}'s server ${version}`, read: (bytes) => read(port, bytes), stop: () => child.kill() })
  }
  return servers
}
