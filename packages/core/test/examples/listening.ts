import { createServer, listenFds } from '@spillway/core'

const server = createServer((c) => c.text(c.peer.address))
await server.listen({ port: 8080, host: '::' }) // every address, IPv4 too; ipv6Only: true for IPv6 alone
await server.listen({ path: '/run/app.sock', mode: 0o660 }) // a dead server's file is replaced, a live one's never
for (const { fd } of listenFds()) await server.listen({ fd }) // systemd socket activation
