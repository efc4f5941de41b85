import { toFetch } from '@spillway/core/web'

const app = toFetch((c) => c.text(`Hello from ${c.path}`)) // for Deno.serve(app), Bun.serve({ fetch: app }) and others
console.log(await (await app(new Request('http://localhost/here'))).text())
