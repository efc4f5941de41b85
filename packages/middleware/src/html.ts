import type { Html } from '@spillway/core'

export type { Html } from '@spillway/core'

/** What may be written into HTML: text and numbers, which are escaped; HTML, which is not; lists of them; and nothing. */
export type HtmlValue = string | number | bigint | Html | readonly HtmlValue[] | null | undefined | false

/** What has a meaning in text and in quoted attributes. */
const meaning: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Made here alone, so that no JSON of a client passes for HTML. */
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
 * as they are, lists are joined, and null, undefined and false are nothing. Values belong into text and into attributes with quotes.
 * Nothing makes them safe without quotes, in a script or style, in the name of a tag or attribute, or as the URL of a link, which
 * may begin with `javascript:`.
 * @throws TypeError for a value of another kind, true or an object for example, which nobody wants to see in a page.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = strings[0]!
  for (const [i, value] of values.entries()) text += escaped(value) + strings[i + 1]!
  return new EscapedHtml(text)
}

/** Text that is HTML already, and is trusted: what a client can have had a hand in is not. */
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
