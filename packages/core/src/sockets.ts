// For who accepts the sockets: what serves one that is there already. `serve` and `createServer` need none of it.
export { accept } from './http1/accept.ts'
export { handedOver } from './exchange/reply.ts'
export { ServerCore } from './server/server-core.ts'
export { NodeTransport, lending } from './sockets/transport-node.ts'
export { tellsItself } from './server/node-channels.ts'
