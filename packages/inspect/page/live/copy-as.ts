// A request as code for other tools.
import { decodeLatin1 } from '@spillway/parser'
import { type Told, fieldOf } from '../../src/model/messages.ts'

/** Fields that those tools add themselves. */
const written: ReadonlySet<string> = new Set(['content-length', 'connection', 'transfer-encoding', 'accept-encoding'])

/** As a command for a POSIX shell. */
export function asCurl(request: Told, origin: string): string {
  const { method, target, isHttp2 } = lineOf(request)
  const { content } = request
  // A command-line argument cannot contain NUL or bytes that are not text.
  const text = textOf(content)
  const isText = text !== undefined && !text.includes('\0')
  const parts = [isText ? 'curl -i' : `printf %s ${quoted(base64(content))} | base64 -d | curl -i`]
  // What curl would otherwise change in a URL: globs, dot segments, and targets that are not a path.
  if (/[[\]{}]/.test(target)) parts.push('--globoff')
  if (/\/\.{1,2}(?:\/|\?|$)/.test(target)) parts.push('--path-as-is')
  if (target === '*') parts.push(`--request-target ${quoted('*')}`)
  if (isHttp2) parts.push(origin.startsWith('https:') ? '--http2' : '--http2-prior-knowledge')
  if (method === 'HEAD') parts.push('--head')
  else if (method !== 'GET' && !(method === 'POST' && content.length > 0)) parts.push(`-X ${quoted(method)}`)
  else if (method === 'GET' && content.length > 0) parts.push('-X GET')
  const host = fieldOf(request, 'host')
  if (host !== undefined && host !== authorityOf(origin)) parts.push(`-H ${quoted(`Host: ${host}`)}`)
  for (const [name, value] of fieldsOf(request))
    // With nothing after the colon, curl would leave the field out.
    parts.push(`-H ${quoted(value === '' ? `${name};` : `${name}: ${readable(value)}`)}`)
  if (/\b(?:gzip|br)\b/.test(fieldOf(request, 'accept-encoding') ?? '')) parts.push('--compressed')
  if (content.length > 0) parts.push(isText ? `--data-raw ${quoted(text)}` : '--data-binary @-')
  parts.push(quoted(urlOf(target, origin)))
  return parts.join(' \\\n  ')
}

/** As JavaScript for a browser or Node.js. */
export function asFetch(request: Told, origin: string): string {
  const { target } = lineOf(request)
  return `await fetch(${JSON.stringify(urlOf(target, origin))}, ${initOf(request, '')})`
}

/** As a test without a network, with `inject`. @param status the expected one. */
export function asTest(request: Told, status: number = 200): string {
  const { method, target } = lineOf(request)
  return [
    `import { inject } from '@spillway/core/testing'`,
    `import { expect, it } from 'vitest'`,
    `import { app } from './app.ts'`,
    '',
    `it(${JSON.stringify(`answers ${method} ${target}`)}, async () => {`,
    `  const response = await inject(app, ${JSON.stringify(target)}, ${initOf(request, '  ')})`,
    `  expect(response.status).toBe(${status})`,
    '})',
    '',
  ].join('\n')
}

/** Sends the exact bytes to the server from a POSIX shell. */
export function asBytes(request: Told, origin: string): string {
  const { hostname, port, protocol } = new URL(origin)
  const isSecure = protocol === 'https:'
  const host = hostname.replaceAll(/^\[|\]$/g, '')
  const to = port || (isSecure ? '443' : '80')
  const way = isSecure ? `openssl s_client -quiet -connect ${hostname}:${to}` : `nc ${host} ${to}`
  const format = [...request.bytes].map(escaped).join('')
  // A leading minus would be taken as an option.
  return `printf '${format.replace(/^-/, String.raw`\055`)}' | ${way}`
}

/** A byte in the format of `printf`, within single quotes. */
function escaped(byte: number): string {
  const known: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 37: '%%', 39: `'\\''`, 92: '\\\\' }
  const isPlain = byte >= 32 && byte < 127
  return known[byte] ?? (isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`)
}

/** The second argument of `fetch`, and the third of `inject`. @param indent of the line on which it begins. */
function initOf(request: Told, indent: string): string {
  const { method } = lineOf(request)
  const fields = fieldsOf(request)
  const isRepeated = new Set(fields.map(([name]) => name.toLowerCase())).size < fields.length
  const headers = JSON.stringify(isRepeated ? fields : Object.fromEntries(fields), undefined, 2)
  const members = [`method: ${JSON.stringify(method)}`, `headers: ${headers}`]
  const hasBody = request.content.length > 0
  if (hasBody && (method === 'GET' || method === 'HEAD'))
    members.push(`// ${method} came with content, which fetch does not send`)
  else if (hasBody) members.push(`body: ${bodyOf(request.content)}`)
  const text = members.map((one) => `\n${one}${one.startsWith('//') ? '' : ','}`).join('')
  return `{${text.replaceAll('\n', `\n${indent}  `)}\n${indent}}`
}

function bodyOf(content: Uint8Array): string {
  const text = textOf(content)
  return text === undefined
    ? `Uint8Array.from(atob(${JSON.stringify(base64(content))}), (c) => c.charCodeAt(0))`
    : JSON.stringify(text)
}

function fieldsOf({ fields }: Told): (readonly [string, string])[] {
  return fields.filter(([name]) => name.toLowerCase() !== 'host' && !written.has(name.toLowerCase()))
}

function lineOf({ line }: Told): { method: string; target: string; isHttp2: boolean } {
  const [method = 'GET', target = '/', version] = line.split(' ')
  return { method, target, isHttp2: version === 'HTTP/2' }
}

function urlOf(target: string, origin: string): string {
  return target.startsWith('/') ? `${origin}${target}` : target === '*' ? origin : target
}

function authorityOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : ''
}

/** Undefined for bytes that are not UTF-8. */
function textOf(content: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
  } catch {
    return undefined
  }
}

/** A field value, in which each character is a byte, as text for the terminal into which it is pasted. */
function readable(value: string): string {
  return textOf(Uint8Array.from(value, (c) => c.charCodeAt(0))) ?? value
}

function base64(bytes: Uint8Array): string {
  return btoa(decodeLatin1(bytes, 0, bytes.length))
}

/** Quotes for a POSIX shell: within single quotes nothing is special except the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
