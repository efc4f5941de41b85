// @ts-expect-error it has no types of its own
import Koa from 'koa'
import { greeting, host, port } from '../settings.ts'

interface Answer {
  type: string
  body: string
}

const app = new Koa()
app.use((c: Answer) => {
  c.type = 'text/plain'
  c.body = greeting
})
app.listen(port, host)
