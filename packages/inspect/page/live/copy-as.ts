// A request in the form that other tools use.
import { type Told, fieldOf } from '../../src/model/messages.ts'

/** Fields that those tools write themselves. */
const written: ReadonlySet<string> = new Set(['content-length', 'connection', 'transfer-encoding', 'accept-encoding'])

/** As a shell command. */
export function asCurl(request: Told, origin: string): string {
  const { method, target } = lineOf(request)
  const parts = [`curl -i ${quoted(urlOf(target, origin))}`]
  if (method === 'HEAD') parts.push('--head')
  else if (method !== 'GET' && !(method === 'POST' && request.content.length > 0)) parts.push(`-X ${quoted(method)}`)
  for (const [name, value] of fieldsOf(request)) parts.push(`-H ${quoted(`${name}: ${value}`)}`)
  if (/\bgzip|br\b/.test(fieldOf(request, 'accept-encoding') ?? '')) parts.push('--compressed')
  if (request.content.length > 0) parts.push(`--data-binary ${quoted(textOf(request))}`)
  return parts.join(' \\\n  ')
}

/** For a browser or Node. */
export function asFetch(request: Told, origin: string): string {
  const { target } = lineOf(request)
  return `await fetch(${JSON.stringify(urlOf(target, origin))}, ${initOf(request)})`
}

/** As a test in memory, with `inject`. */
export function asTest(request: Told): string {
  const { method, target } = lineOf(request)
  return [
    `import { inject } from '@spillway/core/testing'`,
    `import { expect, it } from 'vitest'`,
    `import { app } from './app.ts'`,
    '',
    `it(${JSON.stringify(`answers ${method} ${target}`)}, async () => {`,
    `  const response = await inject(app, ${JSON.stringify(target)}, ${initOf(request)})`,
    '  expect(response.status).toBe(200)',
    '})',
    '',
  ].join('\n')
}

function initOf(request: Told): string {
  const { method } = lineOf(request)
  const body = request.content.length > 0 ? { body: textOf(request) } : {}
  return JSON.stringify({ method, headers: Object.fromEntries(fieldsOf(request)), ...body }, undefined, 2)
}

function fieldsOf({ fields }: Told): (readonly [string, string])[] {
  return fields.filter(([name]) => name.toLowerCase() !== 'host' && !written.has(name.toLowerCase()))
}

function lineOf({ line }: Told): { method: string; target: string } {
  const [method = 'GET', target = '/'] = line.split(' ')
  return { method, target }
}

function urlOf(target: string, origin: string): string {
  return target.startsWith('/') ? `${origin}${target}` : target === '*' ? origin : target
}

function textOf({ content }: Told): string {
  return new TextDecoder().decode(content)
}

/** Quotes for a POSIX shell: within single quotes nothing is special except the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
