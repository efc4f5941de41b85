import { testServer } from '@spillway/core/testing'

const test = testServer((c) => c.text('hi'))
const client = test.connect()
client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
console.log(client.received) // HTTP/1.1 200 OK …
test.advance(80_000)
await new Promise(setImmediate) // the server looks at the socket one last time
console.log(client.state) // ended: the keep-alive time has passed
