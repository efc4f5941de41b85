/** The client end of HTTP/2, for proxies, tools and tests. Servers speak it with `http2: true`. */
export {
  type ClientStream,
  Http2Client,
  type Http2ClientOwner,
  type ResponseSink,
  type StreamFailure,
  type StreamTransport,
} from './http2/client.ts'
