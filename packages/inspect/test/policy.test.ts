import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { policyOf, styleOf } from '../src/parts.ts'

let folder: string
const root = () => pathToFileURL(`${folder}/`)
const allowed = () => /style-src ([^;]*)/.exec(policyOf(root()))?.[1]
const page = (head: string) => `<!doctype html><html lang="en"><head>${head}</head><body></body></html>`

describe('the policy of the site', () => {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'inspect-policy-'))
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  it('allows the styles of its pages, each once, and no other', () => {
    const one = page('<style>a {}</style>')
    for (const [name, text] of [
      ['a', one],
      ['b', one],
      ['c', page('<style>\nb {}\n</style>')],
    ] as const)
      writeFileSync(join(folder, `${name}.html`), text)
    writeFileSync(join(folder, 'd.txt'), page('<style>c {}</style>'))
    // printf 'a {}' | openssl dgst -sha256 -binary | base64
    expect(allowed()?.split(' ').toSorted()).toEqual(
      [
        "'sha256-mkSHzL7faOU7/U/v8Umg+058R69+vN2A2xmE3Fz1q98='",
        "'sha256-Q0XWZ1GGBQt59Uq5t5SY8aIOonfxvIgoCCr6uHQj5zw='",
      ].toSorted(),
    )
    expect(styleOf(one)).toBe('<style>a {}</style>')
  })

  it('allows none when there is none', () => {
    writeFileSync(join(folder, 'a.html'), page(''))
    expect(allowed()).toBe("'none'")
    expect(styleOf(page(''))).toBe('')
  })
})
