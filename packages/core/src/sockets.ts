// For programs that accept sockets themselves: serves a socket that already exists. `serve` and `createServer` do not need this.
export { accept } from './http1/accept.ts'
export { handedOver } from './exchange/reply.ts'
export { ServerCore } from './server/server-core.ts'
export { NodeTransport, clientSocket, giveBack, lending } from './sockets/transport-node.ts'
export { tellsItself } from './server/node-channels.ts'
