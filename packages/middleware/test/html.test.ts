import { html, raw } from '@spillway/middleware/html'
import { router } from '@spillway/middleware/router'
import { assert, property, string } from 'fast-check'
import { describe, expect, test } from 'vitest'
import { send, start } from './server.ts'

describe('html', () => {
  test.each<[string, unknown, string]>([
    ['text', `<b>"Tom" & 'Jerry'</b>`, '&lt;b&gt;&quot;Tom&quot; &amp; &#39;Jerry&#39;&lt;/b&gt;'],
    ['text that looks escaped', '&amp;', '&amp;amp;'],
    ['a number', 1.5, '1.5'],
    ['zero', 0, '0'],
    ['a large number', 10n ** 20n, '100000000000000000000'],
    ['HTML', html`<i>${'<'}</i>`, '<i>&lt;</i>'],
    ['trusted text', raw('<hr>'), '<hr>'],
    ['a list', ['<', html`<br />`, [1, ['>']]], '&lt;<br />1&gt;'],
    ['null', null, ''],
    ['undefined', undefined, ''],
    ['false', false, ''],
    ['nothing', '', ''],
  ])('%s', (_, value, expected) => {
    expect(html`<p title="${value as string}">${value as string}</p>`.html).toBe(
      `<p title="${expected}">${expected}</p>`,
    )
  })

  test.each<[string, unknown]>([
    ['true', true],
    ['an object', {}],
    ['what only looks like HTML, as JSON can', { html: '<script>' }],
    ['a promise', Promise.resolve('x')],
    ['a function', () => ''],
    ['a date', new Date()],
  ])('refuses %s', (_, value) => {
    expect(() => html`${value as string}`).toThrow(TypeError)
  })

  test('whatever text is, it opens no tag and leaves no quotes', () => {
    assert(
      property(string({ unit: 'binary' }), (text) => {
        const { html: page } = html`<a title="${text}">${text}</a>`
        expect(page.match(/[<>"']/g)).toEqual(['<', '"', '"', '>', '<', '>'])
      }),
    )
  })

  test('is a reply', async () => {
    const app = router().get('/:name', (c) => c.html(html`<h1>${c.params.name}</h1>`))
    const { content, headers } = await send(await start(app), 'GET', '/%3Cscript%3E')
    expect(content.toString()).toBe('<h1>&lt;script&gt;</h1>')
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
  })
})
