import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { jsonSchema } from '../src/json-schema.ts'

interface Node {
  readonly description?: string
  readonly default?: unknown
  readonly properties?: Readonly<Record<string, Node>>
  readonly additionalProperties?: boolean | Node
  readonly items?: Node
  readonly anyOf?: readonly Node[]
  readonly required?: readonly string[]
}

/** Every option, by its place. */
function options(node: Node, place = ''): [place: string, option: Node][] {
  const below = Object.entries(node.properties ?? {}).flatMap(([name, one]): [string, Node][] => [
    [`${place}.${name}`, one],
    ...options(one, `${place}.${name}`),
  ])
  const { additionalProperties: others, items, anyOf = [] } = node
  for (const one of [typeof others === 'object' ? others : undefined, items, ...anyOf])
    if (one) below.push(...options(one, `${place}[]`))
  return below
}

const schema = jsonSchema() as Node

test('every option has what it is for, and those with a default that', () => {
  const all = options(schema)
  expect(all.length).toBeGreaterThan(100)
  expect(all.filter(([, { description }]) => !description).map(([place]) => place)).toEqual([])
  const known = new Map(all)
  expect(known.get('.listen[].host')).toMatchObject({ default: '127.0.0.1' })
  expect(known.get('.upstreams[].pool.connections')).toMatchObject({ default: 512 })
  expect(known.get('.routes[].retryStatuses')).toMatchObject({ default: [502, 503] })
  expect(known.get('.routes[].strip')).toMatchObject({ default: false })
})

test('what is not known is refused, and what has a default need not be said', () => {
  expect(schema.additionalProperties).toBe(false)
  expect(schema.required).toEqual(['listen'])
})

test('the options of the README are those that there are', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const routes = schema.properties!['routes']!.items!.properties!
  const names = [...Object.keys(schema.properties!), ...Object.keys(routes)]
  expect(names.filter((name) => name !== '$schema' && !readme.includes(`\`${name}\``))).toEqual([])
})
