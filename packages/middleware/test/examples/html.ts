import { html } from '@spillway/middleware/html'
import { negotiate } from '@spillway/middleware/negotiate'
import { type Router, router } from '@spillway/middleware/router'

const books = [{ title: 'Tom & Jerry' }, { title: '<b>not bold</b>' }]

export const app: Router = router().get('/books', (c) => {
  const found = books.filter(({ title }) => title.includes(c.query.get('q') ?? ''))
  return negotiate(c, {
    'text/html': () =>
      c.html(
        html`<ul>
          ${found.map(({ title }) => html`<li title="${title}">${title}</li>`)}
        </ul>`,
      ),
    'application/json': () => c.json(found),
  })
})
