type Parser = typeof import('../src/index.ts')
type Connection = typeof import('../src/connection.ts')
type Observer = typeof import('../src/observer.ts')

/** Runs until `enough` says so; gives the number of inputs and what is wrong. */
export declare function observe(
  api: Pick<Parser, 'MessageParser' | 'ParseError'> &
    Pick<Connection, 'Connection'> &
    Pick<Observer, 'ObservedConnection' | 'ObservingParser'> & {
      readonly profiles: readonly import('../src/observer.ts').Profile[]
    },
  seed: number,
  enough: (inputs: number) => boolean,
): { inputs: number; wrong: { what: string; example: string }[] }
