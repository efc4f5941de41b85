// HTML from templates whose values are escaped.
import type { Html } from '@spillway/core'

export type { Html } from '@spillway/core'

/** What may be inserted into HTML: text and numbers, which are escaped; HTML, which is not; lists of these; and nothing. */
export type HtmlValue = string | number | bigint | Html | readonly HtmlValue[] | null | undefined | false

/** Characters that have a meaning in text and in quoted attributes. */
const meaning: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Instances are made only here, so that JSON from a client can never pass for HTML. */
class EscapedHtml implements Html {
  readonly html: string

  constructor(text: string) {
    this.html = text
  }

  toString(): string {
    return this.html
  }
}

/**
 * HTML whose values are escaped: `` html`<li title="${title}">${name}</li>` ``, for `c.html(…)`. Values that are HTML themselves stay
 * as they are, lists are joined, and null, undefined and false are left out. Use values only in text and in quoted attributes.
 * Escaping does not make them safe without quotes, in a script or style, in the name of a tag or attribute, or as the URL of a link,
 * which may begin with `javascript:`.
 * @throws TypeError for a value of another kind, such as true or an object, which nobody wants to see in a page.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0]!
  for (const [i, value] of values.entries()) text += escaped(value) + strings[i + 1]!
  return new EscapedHtml(text)
}

/** Text that is already HTML and is trusted. Never use it for anything a client could have influenced. */
export function raw(text: string): Html {
  return new EscapedHtml(text)
}

function escaped(value: HtmlValue): string {
  if (typeof value === 'string') return value.replace(/[&<>"']/g, (character) => meaning[character]!)
  if (value === null || value === undefined || value === false) return ''
  if (value instanceof EscapedHtml) return value.html
  if (Array.isArray(value)) return value.map(escaped).join('')
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  throw new TypeError(`A value in HTML is text, a number, HTML or a list of them, not ${kindOf(value)}`)
}

function kindOf(value: unknown): string {
  return value instanceof Promise ? 'a promise: await it' : typeof value
}
