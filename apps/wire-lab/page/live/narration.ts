/** One step of the tour: the text before something happens, what happens, and the text about it. */
export interface Step {
  readonly title: string
  readonly before: string
  /** The button that is pressed; see `src/lab/tries`. */
  readonly act: string
  /** The label of its connections, or a prefix of it. */
  readonly label: string
  readonly during: string
  /** How long each text stays. */
  readonly seconds: readonly [before: number, during: number]
}

/** A minute and a half, for people who have never seen a connection. */
export const narration: readonly Step[] = [
  {
    title: 'A connection is a lane',
    before: 'Time runs to the right. Each lane is one connection to the server that sent this page.',
    act: 'http-1.1',
    label: 'HTTP/1.1',
    during:
      'Two requests on one lane. Between them the connection waits, open. Then the client says that it has had enough.',
    seconds: [5, 6],
  },
  {
    title: 'What keep-alive saves',
    before: 'Twenty requests: first on one connection that is kept, then each on one of its own.',
    act: 'keep-alive',
    label: 'Keep-alive',
    during: 'One lane, and then twenty. Each of those began with a round trip before its request could leave.',
    seconds: [4, 8],
  },
  {
    title: 'One after the other',
    before: 'Three requests in one piece, before any answer has come. The one in the middle takes its time.',
    act: 'pipeline',
    label: 'Pipelining',
    during:
      'Answers keep the order of the requests, so the third one waits behind the second. It is ready, and cannot leave.',
    seconds: [4, 7],
  },
  {
    title: 'Side by side',
    before: 'The same idea in HTTP/2: many requests at once, on one connection.',
    act: 'multiplexing',
    label: 'Many at once',
    during: 'Lanes within the lane. Nobody waits behind anybody; frames of all of them share the wire.',
    seconds: [3, 7],
  },
  {
    title: 'Slow is allowed',
    before: 'A client sends its request in ten pieces, a tenth of a second apart.',
    act: 'slow-client',
    label: 'Slow client',
    during:
      'The server takes each piece where the last one ended, serves the others meanwhile, and answers once the head is whole.',
    seconds: [3, 6],
  },
  {
    title: 'Without end is not',
    before: 'Now one that drips a byte now and then, for ever: with enough of them, an attack.',
    act: 'slow-head',
    label: 'Head without end',
    during: 'The clock at the end of the lane runs out, and bytes do not wind it up again: 408, and the lane ends.',
    seconds: [4, 9],
  },
  {
    title: 'Two lengths, two readings',
    before: 'A request that says twice how long it is. Two servers on one path may read two different requests in it.',
    act: 'cl-te',
    label: 'Two lengths',
    during:
      'That is request smuggling. This server answers 400 at the first byte that cannot be right, and ends the connection.',
    seconds: [5, 7],
  },
  {
    title: 'The end, in order',
    before: 'At last the server itself stops, with work under way, and another takes its place.',
    act: 'drain',
    label: 'Drain and restart',
    during:
      'What is idle ends at once, what is under way is finished, what hangs is cut. Whoever comes meanwhile is served.',
    seconds: [4, 8],
  },
]
