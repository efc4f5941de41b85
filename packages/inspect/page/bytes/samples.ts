/** Messages to start with, in the notation of the editor. */
export const samples: readonly (readonly [name: string, side: 'request' | 'response', text: string])[] = [
  [
    'A request of a browser',
    'request',
    'GET /docs?q=spillway HTTP/1.1\nHost: example.org\nUser-Agent: Mozilla/5.0\nAccept: text/html,*/*;q=0.8\nAccept-Encoding: gzip, br\nConnection: keep-alive\n\n',
  ],
  [
    'Chunks and trailers',
    'request',
    'POST /upload HTTP/1.1\nHost: example.org\nTransfer-Encoding: chunked\nTrailer: Digest\n\n5\nHello\n8;note="an extension"\n, server\n0\nDigest: 1234\n\n',
  ],
  [
    'Three pipelined',
    'request',
    'GET /1 HTTP/1.1\nHost: example.org\n\nPOST /2 HTTP/1.1\nHost: example.org\nContent-Length: 5\n\nabcdeGET /3 HTTP/1.1\nHost: example.org\nConnection: close\n\n',
  ],
  [
    'Two lengths (CL + TE)',
    'request',
    'POST / HTTP/1.1\nHost: example.org\nContent-Length: 4\nTransfer-Encoding: chunked\n\n0\n\nGET /admin HTTP/1.1\nHost: example.org\n\n',
  ],
  [
    'Obfuscated Transfer-Encoding',
    'request',
    'POST / HTTP/1.1\nHost: example.org\nTransfer-Encoding: xchunked\n\n0\n\n',
  ],
  ['Bare line feed', 'request', 'GET / HTTP/1.1\nHost: example.org\nX-A: 1\\nTransfer-Encoding: chunked\n\n'],
  ['Two Host fields', 'request', 'GET / HTTP/1.1\nHost: example.org\nHost: evil.example\n\n'],
  ['Folded field', 'request', 'GET / HTTP/1.1\nHost: example.org\nX-Long: one\n two\n\n'],
  ['Space before the colon', 'request', 'POST / HTTP/1.1\nHost: example.org\nContent-Length : 5\n\nabcde'],
  [
    'Chunk that lies',
    'request',
    'POST / HTTP/1.1\nHost: example.org\nTransfer-Encoding: chunked\n\n5\nsmuggled\n0\n\n',
  ],
  ['Not finished', 'request', 'GET / HTTP/1.1\nHost: exam'],
  ['A reply', 'response', 'HTTP/1.1 200 OK\nContent-Type: text/plain\nContent-Length: 13\n\nHello, client'],
  [
    'Interim and final reply',
    'response',
    'HTTP/1.1 103 Early Hints\nLink: </style.css>; rel=preload\n\nHTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n4\nHell\n1\no\n0\n\n',
  ],
  [
    'HTTP/2: three requests at once',
    'request',
    'PRI * HTTP/2.0\n\nSM\n\n\\x00\\x00\\x12\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\x00\\x00\\x00\\x00\\x04\\x00\\x04\\x00\\x00\\x00\\x06\\x00\\x00\\x80\\x00\\x00\\x00\\x04\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x0f\\x00\\x01\\x00\\x00\\x1d\\x01\\x05\\x00\\x00\\x00\\x01\\x82\\x87\\x04\\x05/docsA\\x88/\\x91\\xd3]\\x05\\\\\\xf6Mz\\x88\\xd0\\x7ff\\xa2\\x81\\xb0\\xda\\xe0\\x00\\x00\\r\\x01\\x04\\x00\\x00\\x00\\x03\\x83\\x87\\x04\\x07/upload\\xbf\\xbe\\x00\\x00\\r\\x00\\x01\\x00\\x00\\x00\\x03Hello, server\\x00\\x00\\x10\\x01\\x05\\x00\\x00\\x00\\x05\\x82\\x87\\x04\\n/style.css\\xbf\\xbe',
  ],
  [
    'HTTP/2: answers in another order',
    'response',
    '\\x00\\x00\\x1e\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x03\\x00\\x00\\x00d\\x00\\t\\x00\\x00\\x00\\x01\\x00\\x08\\x00\\x00\\x00\\x01\\x00\\x04\\x00\\x04\\x00\\x00\\x00\\x06\\x00\\x00\\x80\\x00\\x00\\x00\\x04\\x08\\x00\\x00\\x00\\x00\\x00\\x00\\x0f\\x00\\x01\\x00\\x00\\x00\\x04\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\t\\x01\\x04\\x00\\x00\\x00\\x05\\x88_\\x86I|\\xa5\\x82!\\x1f\\x00\\x00\\x01\\x01\\x05\\x00\\x00\\x00\\x03\\x89\\x00\\x00\\x12\\x00\\x01\\x00\\x00\\x00\\x05body { margin: 0 }\\x00\\x00\\n\\x01\\x04\\x00\\x00\\x00\\x01\\x88_\\x87I|\\xa5\\x89\\xd3M\\x1f\\x00\\x00\\r\\x00\\x01\\x00\\x00\\x00\\x01<h1>Docs</h1>',
  ],
  [
    'HTTP/2: a PING of the wrong size',
    'request',
    'PRI * HTTP/2.0\n\nSM\n\n\\x00\\x00\\x00\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x03\\x06\\x00\\x00\\x00\\x00\\x00\\x01\\x02\\x03',
  ],
  [
    'WebSocket behind its 101',
    'response',
    'HTTP/1.1 101 Switching Protocols\nConnection: Upgrade\nUpgrade: websocket\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\n\\x81\\x05Hello\\x89\\x00\\x88\\x02\\x03\\xe8',
  ],
]
