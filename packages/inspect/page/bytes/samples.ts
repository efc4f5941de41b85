/** Messages to begin with, in the notation of the editor. */
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
]
