// What a listener with HTTP/2 needs, in one module that is loaded when there is one.
export { Http2Connection } from '../http2/connection.ts'
export { Sniffer } from './sniffer.ts'
