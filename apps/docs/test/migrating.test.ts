import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { mistakesIn, root } from './compile.ts'

const page = readFileSync(`${root}apps/docs/site/guide/migrating.md`, 'utf8')

/** The code that precedes a row, to declare the names that it uses. */
const theirs: Readonly<Record<string, string>> = {
  Express: `import express, { type Request, type Response, type NextFunction, type RequestHandler } from 'express'
const app = express()
declare const guard: RequestHandler, pages: RequestHandler, old: RequestHandler`,
  Fastify: `import fastify from 'fastify'
const app = fastify()
declare const jsonSchema: object`,
  Hono: `import { Hono } from 'hono'
import { hc } from 'hono/client'
import { createMiddleware } from 'hono/factory'
import { streamSSE } from 'hono/streaming'
const app = new Hono()`,
}

const ours = `import { type Server, serve } from '@spillway/core'
import { toFetch } from '@spillway/core/web'
import { inject } from '@spillway/core/testing'
import { type Middleware, defineMiddleware } from '@spillway/middleware'
import { body } from '@spillway/middleware/body'
import { client as typedClient } from '@spillway/middleware/contract-client'
import { client as behindProxies, clientOf } from '@spillway/middleware/client'
import { type ConnectMiddleware, connect } from '@spillway/middleware/connect'
import { cookies } from '@spillway/middleware/cookies'
import { router } from '@spillway/middleware/router'
import { sse } from '@spillway/middleware/sse'
import { sendFiles, staticFiles } from '@spillway/middleware/static'
import { z } from 'zod'
const app = router()
const schema = z.object({ a: z.string() })
const pages = router()
declare const server: Server, layer: Middleware, old: ConnectMiddleware`

/** The rows of a section: code there and code here. */
function rowsOf(name: string): [there: string, here: string][] {
  const [, section = ''] = page.split(`## From ${name}\n`)
  const [table = ''] = section.split('\n## ')
  return [...table.matchAll(/^\| `(.+?)` +\| `(.+?)` +\|$/gm)].map(([, there, here]) => [there!, here!])
}

describe.each(Object.keys(theirs))('from %s', (name) => {
  test('has a table without rows that nobody looks at', () => {
    const rows = rowsOf(name)
    const lines = page
      .split(`## From ${name}\n`)[1]!
      .split('\n## ')[0]!
      .match(/^\|.*\|$/gm)!
    expect(rows.length).toBe(lines.length - 2)
    expect(rows.length).toBeGreaterThan(15)
  })
})

// All of them in one program, because most of the time goes into reading the declarations.
test('both sides of each row compile', { timeout: 180_000 }, () => {
  const sources = new Map<string, string>()
  for (const name of Object.keys(theirs))
    for (const [i, [there, here]] of rowsOf(name).entries()) {
      const at = `${root}apps/docs/test/migrating-${name}-${i}`
      sources.set(`${at}-there.mts`, `${theirs[name]}\n;${there}\nexport {}\n`)
      // Two functions are called `client`; the type argument shows which one a row means.
      const client = here.includes('client<') ? 'typedClient' : 'behindProxies'
      sources.set(`${at}-here.mts`, `${ours}\nconst client = ${client}\n;${here}\nexport {}\n`)
    }
  expect(mistakesIn(sources)).toEqual([])
})
