import { Readable } from 'node:stream'
import Koa from 'koa'
import { listen, pause, pieces, seen } from './lib.mjs'
import { createServer } from 'node:http'

const app = new Koa()
app.silent = true
app.use(async (c) => {
  switch (c.path) {
    case '/':
      return void (c.body = `Hello from ${c.hostname}`)
    case '/json':
    case '/raw': {
      let text = ''
      for await (const chunk of c.req) text += chunk
      c.status = c.path === '/json' ? 201 : 200
      return void (c.body = c.path === '/json' ? JSON.parse(text) : String(text.length))
    }
    case '/stream':
      return void (c.body = Readable.from(pieces()))
    case '/error':
      return c.throw(418, 'on purpose')
    case '/redirect':
      return c.redirect('/')
    case '/cookie':
      c.cookies.set('a', '1')
      c.cookies.set('b', '2')
      c.append('X-A', '1')
      c.append('X-A', '2')
      return void (c.body = '')
    case '/empty':
      return void (c.status = 204)
    case '/wait':
      for (const name of ['req', 'res']) c[name].on('close', () => seen(`${name} close`))
      c.respond = false
      return void c.res.write('waiting')
    case '/slow':
      await pause(100)
      return void (c.body = 'slow')
  }
})
listen(createServer(app.callback()))
